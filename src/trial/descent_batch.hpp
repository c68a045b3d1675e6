#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "model/evaluator.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"
#include "trial/adam.hpp"
#include "trial/first_hits.hpp"
#include "trial/network_uses.hpp"
#include "trial/objective.hpp"
#include "trial/search_ends.hpp"
#include "trial/tensor_table.hpp"

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

    TensorRefs tensors()
    {
        return joined({{&latents, &target_latents},
                       adam.tensors(),
                       {&iterations, &evaluations, &caps},
                       hits.tensors()});
    }
};

/// How the trials of a batch ended, in the order of its rows at its start.
struct EndedTrials
{
    at::Tensor reasons;  ///< StopReason: [trials], int8
    DescentState state;
    at::Tensor best_values;   ///< smallest f seen: [trials]
    at::Tensor best_latents;  ///< where it was seen: [trials × k]

    TensorRefs tensors()
    {
        return joined({{&reasons, &best_values, &best_latents}, state.tensors()});
    }
    SearchEnds ends() const
    {
        return {reasons,       state.iterations, state.evaluations, state.hits,
                state.latents, best_values,      best_latents};
    }
};

/// When trials leave the batch.
struct EndRule
{
    StopRule stop;
    /// Whether a trial leaves as well whose f has risen over the window.
    bool where_f_rises = false;
};

/// Advances trials on one network as one batch, which those leave that meet the stop rule: a loop
/// for a Checkpoint. Refers to network and objective.
class DescentBatch
{
  public:
    DescentBatch(model::Evaluator& generator, Objective const& objective, DescentState state,
                 EndRule const& rule);

    /// Whether all trials have ended.
    bool done() const { return rows_.size(0) == 0; }
    /// Evaluates f at the current latents, takes out the trials that end there, and moves the
    /// others one step.
    void advance();
    LoopState state();
    void restore(LoopState const& state);
    Sighting sight() const { return {rows_, state_.latents, state_.evaluations}; }

    /// Of the trials that have ended.
    EndedTrials const& ended() const { return ended_; }

  private:
    TensorRefs tensors();
    /// The stop reason of each trial at the current latents, or none_yet.
    at::Tensor verdict(Evaluation const& evaluation) const;
    void record(at::Tensor const& value);
    void end(at::Tensor const& rows, at::Tensor const& reasons);
    void keep(at::Tensor const& kept);

    EndRule rule_;
    model::Evaluator& generator_;
    Objective const& all_;  ///< of all trials of the batch at its start
    Objective objective_;
    DescentState state_;
    Counter steps_;       ///< since the batch began
    at::Tensor rows_;     ///< of the batch at its start
    at::Tensor history_;  ///< f of the last `window` iterations, a ring: [window × trials]
    at::Tensor best_values_;
    at::Tensor best_latents_;
    at::Tensor goal_;  ///< f at which a trial counts as converged
    EndedTrials ended_;
    NetworkUses uses_;
};

}  // namespace surf::trial
