#pragma once

#include <functional>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "model/device.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// The networks of some snapshots one after the other, each made ready in a thread of its own, as a
/// rule while the one before is used.
template <class Network>
class Prefetcher
{
  public:
    /// Makes the network of snapshot t; called in other threads, one at a time.
    using Prepare = std::function<std::unique_ptr<Network>(std::int64_t t)>;

    Prefetcher(std::vector<std::int64_t> order, Prepare prepare)
        : order_(std::move(order)), prepare_(std::move(prepare))
    {
        prepare_next();
    }

    /// The next network, while the one behind it is made ready. Throws what preparing throws:
    /// FileError if the chain is damaged.
    std::unique_ptr<Network> next()
    {
        auto network = next_alone();
        prepare_next();
        return network;
    }

    /// The same, but the one behind it has to wait for prepare_next().
    std::unique_ptr<Network> next_alone()
    {
        prepare_next();
        return coming_.get();
    }

    /// Starts to make the next network ready, if there is one and it is not begun.
    void prepare_next()
    {
        if (coming_.valid() || position_ == order_.size())
        {
            return;
        }
        coming_ = std::async(std::launch::async, [this, t = order_[position_++]] {
            model::set_compute_threads(1);
            return prepare_(t);
        });
    }

  private:
    std::vector<std::int64_t> order_;
    Prepare prepare_;
    std::size_t position_ = 0;
    std::future<std::unique_ptr<Network>> coming_;  ///< waited for when destroyed
};

}  // namespace surf::trial
