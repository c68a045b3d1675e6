#pragma once

#include <ATen/ATen.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace surf::trial
{

/// All that a loop of a search changes, copied.
using LoopState = std::vector<at::Tensor>;

/// Where the loops of a search stand: of those that have ended, their ends; the last may be under
/// way.
using SearchState = std::vector<LoopState>;

/// Where the trials of a loop stand between two steps, a row each.
struct Sighting
{
    at::Tensor rows;         ///< which of the loop's trials: [trials], int64
    at::Tensor latents;      ///< x: [trials × k]
    at::Tensor evaluations;  ///< network evaluations of this search: [trials] or [1] for all, int64
    /// The network that they move on; nothing: the one that watch() was told of.
    std::optional<std::int64_t> snapshot = {};
    std::int64_t search = 0;  ///< how many searches from a start were announced before
};

/// A state as bytes, and back. Throws FileError if the bytes are none.
std::vector<std::uint8_t> bytes_of(SearchState const& state);
SearchState search_state_of(std::vector<std::uint8_t> const& bytes);

/// Lets the search of a block be broken off between any two steps and taken up again bit for bit.
///
/// A search is a sequence of loops over steps, and what it does between them follows from their
/// ends. So a search that is taken up again starts from the beginning, but a loop that had ended
/// gives its end at once, and the one that was under way goes on from where it stood.
class Checkpoint
{
  public:
    using Duration = std::chrono::steady_clock::duration;
    /// Stores a state for later.
    using Keep = std::function<void(SearchState const&)>;

    /// Of a search that is never broken off.
    Checkpoint() = default;
    /// `found` is what was kept of the search the last time; empty if it begins. It is kept again
    /// when the search is asked to stop, and each time that so much has passed.
    Checkpoint(std::stop_token stop, SearchState found, Keep keep, Duration interval);

    /// Sees where trials of the block stand. `rows` of the sighting are the block's.
    using Watch = std::function<void(Sighting const&)>;
    void set_watch(Watch watch) { watch_ = std::move(watch); }
    /// The loops that follow are those of the block's trials in these rows, on this network.
    void announce(std::vector<std::int64_t> const& rows, std::int64_t snapshot)
    {
        announced_ = {at::tensor(rows, at::kLong), {}, {}, snapshot, ++searches_};
    }

    /// Of the announced trials those in these rows (int64), until widen() with what this gave.
    at::Tensor narrow(at::Tensor const& rows);
    void widen(at::Tensor announced) { announced_.rows = std::move(announced); }

    /// Runs the next loop of the search to its end. A loop has done(), advance(), which takes a
    /// step, state(), a copy, restore(), which takes over a state of another loop that began as it
    /// did; state() may follow it at once; and sight(). Throws Interrupted when asked to stop.
    template <class Loop>
    void run(Loop& loop)
    {
        if (auto const found = take_found(loop))
        {
            loop.restore(*found);
        }
        while (!loop.done())
        {
            pause([&] { return loop.state(); });
            if (watch_)
            {
                see(loop.sight());
            }
            loop.advance();
        }
        if (keep_)
        {
            states_.push_back(loop.state());
        }
    }

  private:
    /// What was kept of the loop that begins; empty if nothing that fits it was.
    template <class Loop>
    std::optional<LoopState> take_found(Loop& loop)
    {
        std::optional<LoopState> state;
        if (states_.size() < found_.size())
        {
            state = like(loop.state(), found_[states_.size()]);
            if (!state)
            {
                found_.clear();  // of another search
            }
        }
        return state;
    }

    /// The tensors on the devices of others; empty if these are not of their kind.
    static std::optional<LoopState> like(LoopState const& others, LoopState const& tensors);
    /// Between two steps: keeps the state where it is time to. Throws Interrupted.
    void pause(std::function<LoopState()> const& state);
    void see(Sighting sighting) const;

    std::stop_token stop_;
    SearchState found_;
    SearchState states_;  ///< of the loops that have ended
    Keep keep_;
    Watch watch_;
    Sighting announced_;
    std::int64_t searches_ = -1;
    Duration interval_ = {};
    std::chrono::steady_clock::time_point kept_ = std::chrono::steady_clock::now();
};

}  // namespace surf::trial
