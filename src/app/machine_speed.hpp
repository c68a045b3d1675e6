#pragma once

#include <map>
#include <string>

#include "app/job/plan.hpp"

namespace surf::app
{

/// How long a plan's work takes on a machine, by its cost: assumed, or measured on this one.
class MachineSpeed
{
  public:
    /// evaluations_per_second for everything.
    MachineSpeed() = default;

    /// Times a few training steps of each kind of training, with its threads, and Adam iterations
    /// on each size of generator at the blocks' batch size, on one core: some seconds for each. On
    /// the CPU, in float32.
    /// Reads the images if the plan trains; throws what data::load_data_set() throws.
    static MachineSpeed measured(Job const& job, Plan const& plan);

    /// Seconds that a core takes for this cost (spec/cost.hpp) of a cell's trials.
    double trial_seconds(PlannedCell const& cell, double cost) const;
    /// Wall time of a whole training with its threads, snapshots included.
    double training_seconds(TrainSpec const& training) const;
    /// What was measured, a line each, and what is assumed of the rest; empty if nothing was.
    std::string text() const;

  private:
    struct TrainingPace
    {
        std::string label;
        double step = 0;  ///< seconds
    };

    std::map<std::string, TrainingPace> trainings_;  ///< by kind
    double snapshot_ = 0;                            ///< seconds to judge one
    std::map<std::string, double> trials_;           ///< by kind: evaluations a second
};

}  // namespace surf::app
