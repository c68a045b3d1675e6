#include "app/wall_time.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

namespace surf::app
{
namespace
{

/// Ranks that take what the program's own ledger leases to them, in simulated time. Trainings with
/// more threads than one slow everybody down where there are fewer cores than busy threads: a task
/// ends when it has been given its seconds of work, and the work that a thread is given in a second
/// is cores over busy threads, at most 1.
class Simulation
{
  public:
    Simulation(PlanState const& state, int ranks)
        : state_(state),
          cores_(ranks),
          ledger_(work_of(state, ranks), ranks),
          held_(static_cast<std::size_t>(ranks))
    {
        for (std::size_t i = 0; i < state.plan().cells.size(); ++i)
        {
            for (sched::BlockIndex const block : state.stored(static_cast<sched::CellIndex>(i)))
            {
                ledger_.block_done(block);
            }
        }
        grant_budgets();
        for (sched::Rank rank = ranks - 1; rank >= 0; --rank)
        {
            idle_.push_back(rank);
        }
    }

    WallTime run()
    {
        start_tasks();
        while (!running_.empty())
        {
            Task const task = running_.top();
            running_.pop();
            advance_to(task.end);
            finish(task);
            start_tasks();
        }
        double const surfaces = state_.surfaces().core_seconds.left;
        time_.seconds += surfaces;
        busy_ += surfaces;
        double const available = time_.seconds * cores_;
        time_.busy = available > 0 ? busy_ / available : 0;
        return time_;
    }

  private:
    struct Task
    {
        double end = 0;  ///< when it has been given its seconds of work
        sched::Rank rank = 0;
        std::optional<sched::ChainIndex> chain = {};
        sched::BlockIndex block = {};
        int threads = 1;

        friend bool operator>(Task const& a, Task const& b)
        {
            return std::pair(a.end, a.rank) > std::pair(b.end, b.rank);
        }
    };

    static sched::WorkPlan work_of(PlanState const& state, int ranks)
    {
        sched::WorkPlan work = state.plan().work();
        for (std::size_t i = 0; i < work.chains.size(); ++i)
        {
            auto const chain = static_cast<sched::ChainIndex>(i);
            work.chains[i].published |= state.stored(chain).state == ChainState::published;
        }
        for (PlannedSurface const& surface : state.surfaces_left())
        {
            work.chains[static_cast<std::size_t>(surface.chain)].wanted = true;
        }
        std::vector<sched::RankPlace> places(static_cast<std::size_t>(ranks),
                                             {.node = 0, .cores = ranks});
        work.room = {std::move(places), static_cast<int>(state.job().trainers)};
        return work;
    }

    void advance_to(double work)
    {
        double const slowed = std::max(1.0, static_cast<double>(threads_) / cores_);
        double const seconds = (work - work_) * slowed;
        time_.seconds += seconds;
        busy_ += seconds * std::min<double>(threads_, cores_);
        work_ = work;
    }

    void finish(Task const& task)
    {
        threads_ -= task.threads;
        idle_.push_back(task.rank);
        if (!task.chain)
        {
            ledger_.block_done(task.block);
        }
        else if (state_.is_diverged(*task.chain))
        {
            ledger_.chain_failed(*task.chain);
        }
        else
        {
            ledger_.chain_published(*task.chain);
            time_.training_seconds = time_.seconds;
        }
        grant_budgets();
    }

    void grant_budgets()
    {
        for (auto cells = ledger_.cells_to_grant(); !cells.empty();
             cells = ledger_.cells_to_grant())
        {
            for (sched::CellIndex const cell : cells)
            {
                ledger_.budget_granted(cell, {});
            }
        }
    }

    void start_tasks()
    {
        while (!idle_.empty())
        {
            sched::Rank const rank = idle_.back();
            if (auto const chain = ledger_.lease_chain(rank))
            {
                double const seconds =
                    state_.training_seconds(*chain) * state_.share_to_train(*chain);
                auto const threads = static_cast<int>(state_.plan()[*chain].training->threads);
                start({work_ + seconds, rank, *chain, {}, threads});
                continue;
            }
            auto const leased = ledger_.lease(rank, held_[static_cast<std::size_t>(rank)], 1);
            if (leased.empty())
            {
                return;
            }
            PlannedBlock const& block = state_.plan()[leased.front().block];
            PlannedCell const& cell = state_.plan()[block.cell];
            held_[static_cast<std::size_t>(rank)] = cell.chain;
            start({work_ + state_.speed().trial_seconds(cell, block.cost), rank, std::nullopt,
                   leased.front().block, 1});
        }
    }

    void start(Task const& task)
    {
        idle_.pop_back();
        threads_ += task.threads;
        running_.push(task);
    }

    PlanState const& state_;
    int cores_;
    sched::Ledger ledger_;
    std::vector<std::optional<sched::ChainIndex>> held_;
    std::vector<sched::Rank> idle_;
    std::priority_queue<Task, std::vector<Task>, std::greater<>> running_;
    int threads_ = 0;  ///< busy ones
    double work_ = 0;  ///< seconds of work that a thread has been given that was always busy
    double busy_ = 0;  ///< core seconds
    WallTime time_;
};

}  // namespace

WallTime wall_time(PlanState const& state, int ranks)
{
    return Simulation(state, ranks).run();
}

}  // namespace surf::app
