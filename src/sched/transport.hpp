#pragma once

#include <optional>
#include <set>

#include "mpi/communicator.hpp"
#include "sched/message.hpp"

namespace surf::sched
{

/// Rank 0's end. Two-sided messages only: a one-sided counter on Open MPI 4.1 stalls behind a busy
/// target. No call waits; with a null communicator there are no workers and no messages.
class CoordinatorLink
{
  public:
    struct Incoming
    {
        Rank from = 0;
        Report report;
    };

    /// `own`: a communicator for this traffic alone.
    explicit CoordinatorLink(mpi::Communicator own);

    std::optional<Incoming> poll();
    void send(Rank to, Order const& order) const;
    /// To every worker that has not said goodbye.
    void send_all(Order const& order) const;
    /// Workers that have not said goodbye: rank 0 polls until there are none.
    int workers() const { return static_cast<int>(present_.size()); }

  private:
    mpi::Communicator communicator_;
    std::set<Rank> present_;
};

/// The end of every other rank. No call waits for rank 0, apart from what MPI does in a send.
class WorkerLink
{
  public:
    /// `own`: a communicator for this traffic alone.
    explicit WorkerLink(mpi::Communicator own);

    void send(Report const& report) const;
    std::optional<Order> poll() const;

  private:
    mpi::Communicator communicator_;
};

}  // namespace surf::sched
