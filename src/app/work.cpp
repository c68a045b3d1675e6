#include "app/work.hpp"

#include <deque>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/stop_signal.hpp"
#include "mpi/backoff.hpp"

namespace surf::app
{
namespace
{

/// What a worker holds between two looks at its messages.
class Shift
{
  public:
    Shift(RunContext const& context, mpi::Communicator const& communicator)
        : plan_(context.plan), transport_(communicator.duplicate()), runner_(context)
    {}

    /// One look at everything. Returns whether anything happened.
    bool advance()
    {
        bool active = false;
        if (stop_signal() != nullptr && !finishing_)
        {
            finish(sched::Finish::stopped);
        }
        while (auto const order = transport_.poll())
        {
            active = true;
            obey(*order);
        }
        if (auto const ended = compute_.poll())
        {
            active = true;
            report(*ended);
        }
        if (compute_.idle())
        {
            active |= start();
        }
        return active;
    }

    bool over() const { return over_; }

  private:
    void obey(sched::Order const& order)
    {
        if (auto const* const lease = std::get_if<sched::Lease>(&order))
        {
            requested_ = false;
            if (!finishing_)
            {
                todo_.insert(todo_.end(), lease->blocks.begin(), lease->blocks.end());
            }
            return;
        }
        finish(std::get<sched::Finish>(order));
    }

    void finish(sched::Finish how)
    {
        finishing_ = true;
        todo_.clear();
        if (how == sched::Finish::stopped)
        {
            compute_.request_stop();
        }
    }

    void report(ComputeThread::Ended const& ended)
    {
        sched::BlockIndex const block = todo_current_;
        if (!ended.error)
        {
            transport_.send(sched::BlockDone{block});
            return;
        }
        try
        {
            std::rethrow_exception(ended.error);
        }
        catch (Interrupted const&)
        {
            // Goodbye gives the block back.
        }
        catch (std::exception const& error)
        {
            spdlog::error("{}: {}", describe(plan_, block), error.what());
            transport_.send(sched::BlockFailed{block, error.what()});
        }
    }

    /// Starts the next block, asks for more, or says goodbye. Returns whether it did any of these.
    bool start()
    {
        if (!todo_.empty())
        {
            sched::LeasedBlock const lease = todo_.front();
            todo_.pop_front();
            todo_current_ = lease.block;
            compute_.start(
                [this, lease](std::stop_token const& stop) { runner_.run(lease, stop); });
            return true;
        }
        if (finishing_)
        {
            transport_.send(sched::Goodbye{});
            over_ = true;
            return true;
        }
        if (!requested_)
        {
            transport_.send(sched::WorkRequest{runner_.held(), most_blocks});
            requested_ = true;
            return true;
        }
        return false;
    }

    /// Blocks take from seconds to hours, so fetching one costs nothing; more would only keep them
    /// from ranks that are idle.
    static constexpr int most_blocks = 1;

    Plan const& plan_;
    sched::WorkerLink transport_;
    BlockRunner runner_;
    ComputeThread compute_;
    std::deque<sched::LeasedBlock> todo_;
    sched::BlockIndex todo_current_{};
    bool requested_ = false;
    bool finishing_ = false;
    bool over_ = false;
};

}  // namespace

void work(RunContext const& context, mpi::Communicator const& communicator)
{
    Shift shift(context, communicator);
    mpi::Backoff backoff;
    while (!shift.over())
    {
        if (shift.advance())
        {
            backoff.reset();
        }
        else
        {
            backoff.pause();
        }
    }
}

}  // namespace surf::app
