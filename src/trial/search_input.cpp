#include <numeric>

#include "trial/methods/methods.hpp"

namespace surf::trial
{
namespace
{

at::Tensor indices(std::vector<std::int64_t> const& rows, at::Device device)
{
    return at::tensor(rows, at::kLong).to(device);
}

}  // namespace

SearchStart SearchInput::beginning() const
{
    std::vector<std::int64_t> rows(static_cast<std::size_t>(block.count));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    return {std::move(rows), initial_latents().clone()};
}

SearchStart SearchInput::beginning(std::vector<std::int64_t> const& rows) const
{
    return {rows, initial_latents().index_select(0, indices(rows, device))};
}

Objective SearchInput::objective_of(std::vector<std::int64_t> const& rows) const
{
    bool const all = std::ssize(rows) == block.count;
    return all ? objective : objective.select(indices(rows, device));
}

at::Tensor SearchInput::target_latents_of(std::vector<std::int64_t> const& rows) const
{
    return target_latents().index_select(0, indices(rows, device));
}

}  // namespace surf::trial
