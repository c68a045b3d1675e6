#include "trial/checkpoint.hpp"

#include <fmt/format.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <new>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace surf::trial
{

std::vector<std::uint8_t> bytes_of(SearchState const& state)
{
    c10::List<std::vector<at::Tensor>> loops;
    for (LoopState const& loop : state)
    {
        LoopState on_host;
        for (at::Tensor const& tensor : loop)
        {
            on_host.push_back(tensor.cpu());
        }
        loops.push_back(std::move(on_host));
    }
    auto const pickled = torch::jit::pickle_save(loops);
    return {pickled.begin(), pickled.end()};
}

SearchState search_state_of(std::vector<std::uint8_t> const& bytes)
{
    try
    {
        return torch::jit::pickle_load({bytes.begin(), bytes.end()}).to<SearchState>();
    }
    catch (std::bad_alloc const&)
    {
        throw;
    }
    catch (std::exception const& error)
    {
        std::string const reason = error.what();
        throw FileError(
            fmt::format("holds no state of a search ({})", reason.substr(0, reason.find('\n'))));
    }
}

Checkpoint::Checkpoint(std::stop_token stop, SearchState found, Keep keep, Duration interval)
    : stop_(std::move(stop)), found_(std::move(found)), keep_(std::move(keep)), interval_(interval)
{}

std::optional<LoopState> Checkpoint::like(LoopState const& others, LoopState const& tensors)
{
    if (tensors.size() != others.size())
    {
        return std::nullopt;
    }
    LoopState same;
    for (std::size_t i = 0; i < others.size(); ++i)
    {
        if (tensors[i].dim() != others[i].dim() ||
            tensors[i].scalar_type() != others[i].scalar_type())
        {
            return std::nullopt;
        }
        same.push_back(tensors[i].to(others[i].options()));
    }
    return same;
}

void Checkpoint::pause(std::function<LoopState()> const& state)
{
    bool const stops = stop_.stop_requested();
    auto const now = std::chrono::steady_clock::now();
    if (keep_ && (stops || now - kept_ >= interval_))
    {
        states_.push_back(state());
        keep_(states_);
        states_.pop_back();
        kept_ = now;
    }
    if (stops)
    {
        throw Interrupted("stopped in the middle of a block (it goes on from there next time)");
    }
}

at::Tensor Checkpoint::narrow(at::Tensor const& rows)
{
    at::Tensor all = announced_.rows;
    if (watch_)
    {
        announced_.rows = all.index_select(0, rows.to(at::kCPU));
    }
    return all;
}

void Checkpoint::see(Sighting sighting) const
{
    sighting.rows = announced_.rows.index_select(0, sighting.rows.to(at::kCPU));
    if (!sighting.snapshot)
    {
        sighting.snapshot = announced_.snapshot;
    }
    sighting.search = announced_.search;
    watch_(sighting);
}

}  // namespace surf::trial
