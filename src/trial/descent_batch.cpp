#include "trial/descent_batch.hpp"

#include <limits>

#include "base/contract.hpp"

namespace surf::trial
{
namespace
{

constexpr std::int8_t none_yet = -1;

std::int8_t code(StopReason reason)
{
    return static_cast<std::int8_t>(reason);
}

}  // namespace

DescentState DescentState::select(at::Tensor const& rows) const
{
    return {latents.index_select(0, rows),
            target_latents.index_select(0, rows),
            adam.select(rows),
            iterations.index_select(0, rows),
            evaluations.index_select(0, rows),
            caps.index_select(0, rows),
            hits.select(rows)};
}

void DescentState::put(at::Tensor const& rows, DescentState const& other)
{
    latents.index_copy_(0, rows, other.latents);
    target_latents.index_copy_(0, rows, other.target_latents);
    adam.put(rows, other.adam);
    iterations.index_copy_(0, rows, other.iterations);
    evaluations.index_copy_(0, rows, other.evaluations);
    caps.index_copy_(0, rows, other.caps);
    hits.put(rows, other.hits);
}

DescentBatch::DescentBatch(Objective objective, DescentState state, EndRule const& rule)
    : rule_(rule), objective_(std::move(objective)), state_(std::move(state))
{
    EXPECT(rule.stop.window > 0);
    std::int64_t const trials = state_.latents.size(0);
    auto const options = state_.latents.options();
    rows_ = at::arange(trials, options.dtype(at::kLong));
    history_ = at::empty({rule_.stop.window, trials}, options);
    best_values_ = at::full({trials}, std::numeric_limits<double>::infinity(), options);
    best_latents_ = state_.latents.clone();
    goal_ = objective_.squared_norm() * rule_.stop.relative_target;
}

void DescentBatch::advance(model::Evaluator& generator,
                           std::function<void(EndedTrials const&)> const& take)
{
    Evaluation evaluation = objective_.evaluate(generator, state_.latents);
    state_.evaluations.add_(evaluations_a_step);
    at::Tensor const reason = verdict(evaluation);
    record(evaluation.value);
    if (at::Tensor const ended = reason.ne(none_yet); ended.any().item<bool>())
    {
        at::Tensor const rows = at::nonzero(ended).squeeze(1);
        take({rows_.index_select(0, rows), reason.index_select(0, rows), state_.select(rows),
              best_values_.index_select(0, rows), best_latents_.index_select(0, rows)});
        at::Tensor const kept = at::nonzero(ended.logical_not()).squeeze(1);
        keep(kept);
        evaluation.gradient = evaluation.gradient.index_select(0, kept);
    }
    if (!empty())
    {
        state_.adam.step(state_.latents, evaluation.gradient);
        state_.iterations.add_(1);
        state_.caps.sub_(1);
    }
    ++steps_;
}

at::Tensor DescentBatch::verdict(Evaluation const& evaluation) const
{
    at::Tensor const& value = evaluation.value;
    at::Tensor reason = at::full_like(value, none_yet, value.options().dtype(at::kChar));
    at::Tensor converged = value.le(goal_);
    if (steps_ >= rule_.stop.window)
    {
        at::Tensor const before = history_[steps_ % rule_.stop.window];
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
    history_[steps_ % rule_.stop.window].copy_(value);
    at::Tensor const better = value.lt(best_values_);
    best_values_ = at::where(better, value, best_values_);
    best_latents_ = at::where(better.unsqueeze(1), state_.latents, best_latents_);
    at::Tensor const distance =
        at::linalg_vector_norm(state_.latents - state_.target_latents, 2, at::IntArrayRef{1});
    state_.hits.note(distance.lt(rule_.stop.success_distance), state_.iterations,
                     state_.evaluations);
}

void DescentBatch::keep(at::Tensor const& kept)
{
    objective_ = objective_.select(kept);
    state_ = state_.select(kept);
    history_ = history_.index_select(1, kept);
    rows_ = rows_.index_select(0, kept);
    best_values_ = best_values_.index_select(0, kept);
    best_latents_ = best_latents_.index_select(0, kept);
    goal_ = goal_.index_select(0, kept);
}

}  // namespace surf::trial
