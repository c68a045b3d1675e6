#include "trial/descent_batch.hpp"

#include <limits>

#include "base/contract.hpp"

namespace surf::trial
{
namespace
{

at::Tensor all_rows(DescentState const& state)
{
    return at::arange(state.latents.size(0), state.latents.options().dtype(at::kLong));
}

/// To be filled in.
EndedTrials none_ended(DescentState const& state)
{
    std::int64_t const trials = state.latents.size(0);
    auto const options = state.latents.options();
    return {at::full({trials}, none_yet, options.dtype(at::kChar)),
            select_rows(state, all_rows(state)),
            at::full({trials}, std::numeric_limits<double>::infinity(), options),
            state.latents.clone()};
}

}  // namespace

DescentBatch::DescentBatch(model::Evaluator& generator, Objective const& objective,
                           DescentState state, EndRule const& rule)
    : rule_(rule),
      generator_(generator),
      all_(objective),
      objective_(objective),
      state_(std::move(state)),
      ended_(none_ended(state_))
{
    EXPECT(rule.stop.window > 0);
    std::int64_t const trials = state_.latents.size(0);
    auto const options = state_.latents.options();
    rows_ = all_rows(state_);
    history_ = at::empty({rule_.stop.window, trials}, options);
    best_values_ = ended_.best_values.clone();
    best_latents_ = state_.latents.clone();
    goal_ = objective_.squared_norm() * rule_.stop.relative_target;
}

TensorRefs DescentBatch::tensors()
{
    return joined({state_.tensors(),
                   steps_.tensors(),
                   {&rows_, &history_, &best_values_, &best_latents_, &goal_},
                   ended_.tensors(),
                   uses_.tensors()});
}

LoopState DescentBatch::state()
{
    uses_.note(generator_);
    return state_of(tensors());
}

void DescentBatch::restore(LoopState const& state)
{
    restore_to(tensors(), state);
    objective_ = all_.select(rows_);
    uses_.pass_to(generator_);
}

void DescentBatch::advance()
{
    Evaluation evaluation = objective_.evaluate(generator_, state_.latents);
    state_.evaluations.add_(evaluations_a_step);
    at::Tensor const reasons = verdict(evaluation);
    record(evaluation.value);
    if (at::Tensor const ended = reasons.ne(none_yet); ended.any().item<bool>())
    {
        end(at::nonzero(ended).squeeze(1), reasons);
        at::Tensor const kept = at::nonzero(ended.logical_not()).squeeze(1);
        keep(kept);
        evaluation.gradient = evaluation.gradient.index_select(0, kept);
    }
    if (!done())
    {
        state_.adam.step(state_.latents, evaluation.gradient);
        state_.iterations.add_(1);
        state_.caps.sub_(1);
    }
    steps_.set(steps_.value() + 1);
}

at::Tensor DescentBatch::verdict(Evaluation const& evaluation) const
{
    at::Tensor const& value = evaluation.value;
    at::Tensor reason = at::full_like(value, none_yet, value.options().dtype(at::kChar));
    at::Tensor converged = value.le(goal_);
    if (std::int64_t const steps = steps_.value(); steps >= rule_.stop.window)
    {
        at::Tensor const before = history_[steps % rule_.stop.window];
        at::Tensor const fall = rule_.where_f_rises ? before - value : at::abs(before - value);
        converged.logical_or_(fall.lt(before * rule_.stop.relative_change));
    }
    reason.masked_fill_(state_.caps.le(0), code(StopReason::iteration_cap));
    reason.masked_fill_(converged, code(StopReason::converged));
    at::Tensor const finite =
        at::isfinite(value).logical_and(at::isfinite(evaluation.gradient).all(1));
    return reason.masked_fill(finite.logical_not(), code(StopReason::non_finite));
}

void DescentBatch::record(at::Tensor const& value)
{
    history_[steps_.value() % rule_.stop.window].copy_(value);
    at::Tensor const better = value.lt(best_values_);
    best_values_ = at::where(better, value, best_values_);
    best_latents_ = at::where(better.unsqueeze(1), state_.latents, best_latents_);
    at::Tensor const distance =
        at::linalg_vector_norm(state_.latents - state_.target_latents, 2, at::IntArrayRef{1});
    state_.hits.note(distance.lt(rule_.stop.success_distance), state_.iterations,
                     state_.evaluations);
}

void DescentBatch::end(at::Tensor const& rows, at::Tensor const& reasons)
{
    put_rows(ended_, rows_.index_select(0, rows),
             select_rows(EndedTrials{reasons, state_, best_values_, best_latents_}, rows));
}

void DescentBatch::keep(at::Tensor const& kept)
{
    objective_ = objective_.select(kept);
    state_ = select_rows(std::move(state_), kept);
    history_ = history_.index_select(1, kept);
    rows_ = rows_.index_select(0, kept);
    best_values_ = best_values_.index_select(0, kept);
    best_latents_ = best_latents_.index_select(0, kept);
    goal_ = goal_.index_select(0, kept);
}

}  // namespace surf::trial
