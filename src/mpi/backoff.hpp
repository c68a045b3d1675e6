#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace surf::mpi
{

/// Waiting that costs no core: each pause in a row sleeps twice as long, from 50 µs to 10 ms.
/// MPI's blocking calls spin, so whoever may wait long polls and pauses instead.
class Backoff
{
  public:
    void pause()
    {
        std::this_thread::sleep_for(next_);
        next_ = std::min(2 * next_, longest);
    }
    /// Something happened: the next pause is short again.
    void reset() { next_ = shortest; }

  private:
    static constexpr std::chrono::microseconds shortest{50};
    static constexpr std::chrono::microseconds longest{10'000};

    std::chrono::microseconds next_ = shortest;
};

}  // namespace surf::mpi
