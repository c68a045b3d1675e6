#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>

#include "bench/random_generator.hpp"
#include "bench/timing.hpp"
#include "model/evaluator.hpp"
#include "model/frozen_layer.hpp"
#include "trial/engine.hpp"
#include "trial/inputs.hpp"
#include "trial/objective.hpp"

namespace surf::bench
{

struct TrialSetting
{
    Task task = Task::inversion;
    std::int64_t latent_dim = 5;              ///< k
    std::int64_t batch = 100;                 ///< trials that advance together
    model::MatrixTypes types = {at::kFloat};  ///< of the generator's matrix work
    GeneratorSpec (*generator)(std::int64_t latent_dim) = infogan;
};

/// Trials of a task on a setting's generator: inversion, or recovery from 100 Gaussian measurements
/// of each trial's own.
CellSpec cell_of(TrialSetting const& setting);

/// Trials that never converge, so that all of them run for as many iterations as asked for.
StopRule endless_rule(std::int64_t iterations);

/// A batch of trials on a random generator, advanced by the program's own descent.
class TrialLoad
{
  public:
    /// Draws the trials and makes the generator ready.
    TrialLoad(TrialSetting const& setting, trial::EvaluatorFactory const& evaluators,
              at::Device device);

    /// Runs every trial from its start for this many iterations, ≥ 1.
    void run(std::int64_t iterations);

    /// Trial iterations a second, without what a descent costs once: from the difference between a
    /// long and a short one.
    Spread rate(double min_time);

  private:
    TrialSetting setting_;
    at::Device device_;
    trial::TrialInputs inputs_;
    std::unique_ptr<model::Evaluator> generator_;
    std::optional<trial::Objective> objective_;
    at::Tensor initial_latents_;
    at::Tensor target_latents_;
};

}  // namespace surf::bench
