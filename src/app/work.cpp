#include "app/work.hpp"

#include <deque>

#include "app/task_runner.hpp"
#include "base/stop_signal.hpp"
#include "mpi/backoff.hpp"
#include "sched/transport.hpp"

namespace surf::app
{
namespace
{

/// What a worker holds between two looks at its messages.
class Shift
{
  public:
    Shift(RunContext const& context, mpi::Communicator const& communicator)
        : transport_(communicator.duplicate()), tasks_(context)
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
        if (auto const report = tasks_.poll())
        {
            active = true;
            transport_.send(*report);
        }
        if (tasks_.idle())
        {
            active |= start();
        }
        return active;
    }

    bool over() const { return over_; }
    BusyTime busy_time() const { return tasks_.busy_time(); }

  private:
    void obey(sched::Order const& order)
    {
        if (auto const* const how = std::get_if<sched::Finish>(&order))
        {
            finish(*how);
            return;
        }
        requested_ = false;
        if (finishing_)
        {
            return;
        }
        if (auto const* const training = std::get_if<sched::TrainingLease>(&order))
        {
            tasks_.start(training->chain);
            return;
        }
        auto const& blocks = std::get<sched::Lease>(order).blocks;
        todo_.insert(todo_.end(), blocks.begin(), blocks.end());
    }

    void finish(sched::Finish how)
    {
        finishing_ = true;
        todo_.clear();
        if (how == sched::Finish::stopped)
        {
            tasks_.request_stop();
        }
    }

    /// Starts the next block, asks for more, or says goodbye. Returns whether it did any of these.
    bool start()
    {
        if (!todo_.empty())
        {
            tasks_.start(todo_.front());
            todo_.pop_front();
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
            transport_.send(sched::WorkRequest{tasks_.held(), most_blocks});
            requested_ = true;
            return true;
        }
        return false;
    }

    /// Blocks take from seconds to hours, so fetching one costs nothing; more would only keep them
    /// from ranks that are idle.
    static constexpr int most_blocks = 1;

    sched::WorkerLink transport_;
    TaskRunner tasks_;
    std::deque<sched::LeasedBlock> todo_;
    bool requested_ = false;
    bool finishing_ = false;
    bool over_ = false;
};

}  // namespace

BusyTime work(RunContext const& context, mpi::Communicator const& communicator)
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
    end_stop_patience();  // what is left is to wait for rank 0
    return shift.busy_time();
}

}  // namespace surf::app
