#pragma once

#include <vector>

#include "app/machine_speed.hpp"
#include "app/stored.hpp"

namespace surf::app
{

/// All of something, and the part that is not stored.
struct Amount
{
    double all = 0;
    double left = 0;
};

/// A plan beside what is stored of it, and what the rest takes.
class PlanState
{
  public:
    PlanState(Job const& job, Plan const& plan, MachineSpeed speed);

    Job const& job() const { return job_; }
    Plan const& plan() const { return plan_; }
    MachineSpeed const& speed() const { return speed_; }
    StoredChain const& stored(sched::ChainIndex chain) const;
    /// A cell's blocks that are stored, by the names of files.
    std::vector<sched::BlockIndex> const& stored(sched::CellIndex cell) const;
    bool is_diverged(sched::ChainIndex chain) const;
    /// Of a chain's training that is left to do.
    double share_to_train(sched::ChainIndex chain) const;

    /// Evaluations of all trials of a cell.
    double cost_of(sched::CellIndex cell) const;
    /// Core time of that, seconds.
    double seconds_of(sched::CellIndex cell) const;
    /// Wall time of a chain's training from its beginning, seconds; 0 if it is trained elsewhere.
    double training_seconds(sched::ChainIndex chain) const;

    struct Sum
    {
        Amount evaluations;
        Amount core_seconds;
    };
    Sum training() const;
    Sum trials() const;
    Sum surfaces() const;
    /// Those that are not stored and whose chain has not failed.
    std::vector<PlannedSurface> surfaces_left() const;

  private:
    Job const& job_;
    Plan const& plan_;
    MachineSpeed speed_;
    std::vector<NamedBlocks> blocks_;  ///< by cell
    std::vector<StoredChain> chains_;
};

}  // namespace surf::app
