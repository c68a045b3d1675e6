#include "chain/tensor_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace surf::chain
{

void fail_tensor(std::filesystem::path const& path, std::string_view name,
                 std::string const& problem)
{
    throw FileError(fmt::format("{}: tensor {} {}", path.string(), name, problem));
}

std::optional<std::uint64_t> byte_count(std::vector<std::int64_t> const& shape,
                                        std::uint64_t element_size)
{
    constexpr std::uint64_t most = std::uint64_t{1} << 62;
    std::uint64_t bytes = element_size;
    for (std::int64_t const extent : shape)
    {
        auto const factor = static_cast<std::uint64_t>(extent);
        if (extent < 0 || (factor > 0 && bytes > most / factor))
        {
            return std::nullopt;
        }
        bytes *= factor;
    }
    return bytes;
}

bool is_batch_counter(std::string_view name)
{
    return name.ends_with("num_batches_tracked");
}

void sort_by_name(std::filesystem::path const& path, Parameters& tensors)
{
    std::ranges::sort(tensors, {}, &NamedArray::name);
    auto const twice = std::ranges::adjacent_find(tensors, {}, &NamedArray::name);
    if (twice != tensors.end())
    {
        fail_tensor(path, twice->name,
                    "is there twice (which one is meant is not known); keep one");
    }
}

}  // namespace surf::chain
