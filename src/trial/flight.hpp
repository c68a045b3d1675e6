#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>

#include "model/evaluator.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"
#include "trial/adam.hpp"
#include "trial/objective.hpp"

namespace surf::trial
{

/// Where the trials of a batch stand: row i of every tensor belongs to the same trial.
struct FlightState
{
    at::Tensor latents;         ///< x: [trials × k]
    at::Tensor target_latents;  ///< x*: [trials × k], NaN where there is none
    Adam adam;
    at::Tensor iterations;   ///< Adam steps so far, on all networks: [trials], int64
    at::Tensor evaluations;  ///< of f and its gradient, on all networks: [trials], int64
    at::Tensor caps;       ///< Adam steps that each may still take on this network: [trials], int64
    at::Tensor first_hit;  ///< as in TrialOutcome: [trials], int64

    /// The trials in these rows (int64).
    FlightState select(at::Tensor const& rows) const;
    /// Gives the trials in these rows the state of those of `other`.
    void put(at::Tensor const& rows, FlightState const& other);
};

/// Trials that end at the same iteration.
struct Landing
{
    at::Tensor rows;     ///< of the batch that took off: [trials], int64
    at::Tensor reasons;  ///< StopReason: [trials], int8
    FlightState state;
    at::Tensor best_values;   ///< smallest f seen: [trials]
    at::Tensor best_latents;  ///< where it was seen: [trials × k]
};

/// When trials land.
struct LandingRule
{
    StopRule stop;
    /// Whether a trial lands as well whose f has risen over the window.
    bool where_f_rises = false;
};

/// Trials on their way down on one network, as one batch that those leave which meet the stop rule.
class Flight
{
  public:
    Flight(Objective objective, FlightState state, LandingRule const& rule);

    bool empty() const { return rows_.size(0) == 0; }
    /// Evaluates f at the current latents, lets the trials that end there land, and moves the
    /// others one step.
    void advance(model::Evaluator& generator, std::function<void(Landing const&)> const& land);

  private:
    /// The stop reason of each trial at the current latents, or none_yet.
    at::Tensor verdict(Evaluation const& evaluation) const;
    void record(at::Tensor const& value);
    void keep(at::Tensor const& kept);

    LandingRule rule_;
    Objective objective_;
    FlightState state_;
    std::int64_t steps_ = 0;  ///< since take-off
    at::Tensor rows_;         ///< of the batch that took off
    at::Tensor history_;      ///< f of the last `window` iterations, a ring: [window × trials]
    at::Tensor best_values_;
    at::Tensor best_latents_;
    at::Tensor goal_;  ///< f at which a trial counts as converged
};

}  // namespace surf::trial
