#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>

#include "model/evaluator.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"
#include "trial/adam.hpp"
#include "trial/first_hits.hpp"
#include "trial/objective.hpp"

namespace surf::trial
{

/// Network evaluations of an Adam step: forward and backward.
inline constexpr std::int64_t evaluations_a_step = 2;

/// Where the trials of a batch stand: row i of every tensor belongs to the same trial.
struct DescentState
{
    at::Tensor latents;         ///< x: [trials × k]
    at::Tensor target_latents;  ///< x*: [trials × k], NaN where there is none
    Adam adam;
    at::Tensor iterations;   ///< Adam steps so far, on all networks: [trials], int64
    at::Tensor evaluations;  ///< network evaluations so far, on all networks: [trials], int64
    at::Tensor caps;  ///< Adam steps that each may still take on this network: [trials], int64
    FirstHits hits;

    /// The trials in these rows (int64).
    DescentState select(at::Tensor const& rows) const;
    /// Gives the trials in these rows the state of those of `other`.
    void put(at::Tensor const& rows, DescentState const& other);
};

/// Trials that end at the same iteration.
struct EndedTrials
{
    at::Tensor rows;     ///< of the batch at its start: [trials], int64
    at::Tensor reasons;  ///< StopReason: [trials], int8
    DescentState state;
    at::Tensor best_values;   ///< smallest f seen: [trials]
    at::Tensor best_latents;  ///< where it was seen: [trials × k]
};

/// When trials leave the batch.
struct EndRule
{
    StopRule stop;
    /// Whether a trial leaves as well whose f has risen over the window.
    bool where_f_rises = false;
};

/// Advances trials on one network as one batch, which those leave that meet the stop rule.
class DescentBatch
{
  public:
    DescentBatch(Objective objective, DescentState state, EndRule const& rule);

    bool empty() const { return rows_.size(0) == 0; }
    /// Evaluates f at the current latents, hands over the trials that end there, and moves the
    /// others one step.
    void advance(model::Evaluator& generator, std::function<void(EndedTrials const&)> const& take);

  private:
    /// The stop reason of each trial at the current latents, or none_yet.
    at::Tensor verdict(Evaluation const& evaluation) const;
    void record(at::Tensor const& value);
    void keep(at::Tensor const& kept);

    EndRule rule_;
    Objective objective_;
    DescentState state_;
    std::int64_t steps_ = 0;  ///< since the batch began
    at::Tensor rows_;         ///< of the batch at its start
    at::Tensor history_;      ///< f of the last `window` iterations, a ring: [window × trials]
    at::Tensor best_values_;
    at::Tensor best_latents_;
    at::Tensor goal_;  ///< f at which a trial counts as converged
};

}  // namespace surf::trial
