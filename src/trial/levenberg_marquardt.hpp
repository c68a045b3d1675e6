#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <utility>

#include "model/evaluator.hpp"
#include "spec/cell.hpp"
#include "trial/objective.hpp"
#include "trial/tensor_table.hpp"

namespace surf::trial
{

/// Where Levenberg–Marquardt stands with the trials of a batch: row i of every tensor belongs to
/// the same trial.
struct LmState
{
    at::Tensor latents;      ///< x: [trials × k]
    at::Tensor residuals;    ///< r = AG(x) − b: [trials × m]
    at::Tensor jacobians;    ///< ∂r/∂x transposed, or what is known of it: [trials × k × m]
    at::Tensor exact;        ///< whether the Jacobian is that of this network at x: [trials], bool
    at::Tensor due;          ///< whether the Jacobian must be computed anew: [trials], bool
    at::Tensor values;       ///< f: [trials], float64
    at::Tensor damping;      ///< λ: [trials], float64
    at::Tensor steps;        ///< tried so far, on all networks: [trials], int64
    at::Tensor evaluations;  ///< network evaluations so far: [trials], int64

    TensorRefs tensors()
    {
        return {&latents, &residuals, &jacobians, &exact,      &due,
                &values,  &damping,   &steps,     &evaluations};
    }
};

/// A step of each trial: [trials × k] and [trials], float64.
struct LmProposal
{
    at::Tensor shift;      ///< δ
    at::Tensor predicted;  ///< by how much f falls if r + Jδ is right
};

/// Levenberg–Marquardt (Marquardt 1963) on a batch of trials, each with a damping of its own:
/// δ = −(JJᵀ + λ diag JJᵀ)⁻¹ Jr with J as LmState has it, cut to a length of max_step. A step is
/// taken if f falls.
///
/// With JacobianUpdate::secant every candidate, taken or not, corrects J so that it is right along
/// δ (Broyden 1965), which costs no evaluation; J is computed anew where that misled: before the
/// next step if f did not fall, or by less than refresh_below of what J promised. With exact it is
/// computed wherever x has moved. A candidate costs 1 network evaluation, a Jacobian with the
/// residual at its point k + 1.
///
/// No trial waits for another: a pass through the network takes the candidates of some and the
/// Jacobians of others. The network may change between passes, but look() must see it first.
class LevenbergMarquardt
{
  public:
    LevenbergMarquardt(LmSettings settings, Objective objective, at::Tensor const& latents);

    LmState const& state() const { return state_; }
    Objective const& objective() const { return objective_; }

    /// Evaluates f at x on another network. Where a Jacobian is due it is computed, elsewhere the
    /// one known so far goes on. Damping starts again.
    void look(model::Evaluator& generator);
    /// One pass: a trial whose Jacobian is due has it computed, every other tries a step.
    void advance(model::Evaluator& generator);
    /// The same for the trials that have not tried so many steps ([trials], int64). False if there
    /// are none.
    bool advance_to(at::Tensor const& steps, model::Evaluator& generator);
    /// The step that each trial would try now.
    LmProposal propose() const;

    /// The trials in these rows (int64).
    LevenbergMarquardt select(at::Tensor const& rows) const;
    /// All of them, with a state of their own.
    LevenbergMarquardt copy() const;
    /// Gives the trials in these rows the state of those of `other`.
    void put(at::Tensor const& rows, LevenbergMarquardt const& other);
    /// All that passes change, a row a trial.
    TensorRefs tensors() { return state_.tensors(); }
    /// Takes the objective of other trials: those whose state it was given.
    void set_objective(Objective objective) { objective_ = std::move(objective); }
    /// Counts steps and evaluations of an earlier search, each [trials], int64.
    void count(at::Tensor const& steps, at::Tensor const& evaluations);

  private:
    /// r at these points, [trials × k], which are x where a Jacobian is due: there it is computed.
    /// Counts the evaluations.
    at::Tensor evaluate(model::Evaluator& generator, at::Tensor const& points);
    /// Takes the step of the trials that tried one to `candidates` where f has fallen, and says
    /// where a Jacobian is due.
    void judge(LmProposal const& proposal, at::Tensor const& candidates,
               at::Tensor const& residuals, at::Tensor const& tried);
    /// Makes J right along the step that led to these residuals.
    void learn(at::Tensor const& shift, at::Tensor const& residuals, at::Tensor const& usable);

    LmSettings settings_;
    Objective objective_;
    LmState state_;
};

}  // namespace surf::trial
