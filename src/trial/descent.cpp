#include "trial/descent.hpp"

#include <limits>

#include "base/contract.hpp"
#include "base/error.hpp"

namespace surf::trial
{
namespace
{

constexpr std::int8_t running = -1;

std::int8_t code(StopReason reason)
{
    return static_cast<std::int8_t>(reason);
}

at::Tensor row_norm(at::Tensor const& rows)
{
    return at::sqrt(at::mul(rows, rows).sum(1));
}

/// A tensor's values as a vector on the host.
template <class Value>
std::vector<Value> host_values(at::Tensor const& tensor)
{
    at::Tensor const host =
        tensor.to(at::kCPU, c10::CppTypeToScalarType<Value>::value).contiguous();
    Value const* const values = host.const_data_ptr<Value>();
    return {values, values + host.numel()};
}

/// The trials still in the batch: row i of every tensor belongs to the same trial.
class Batch
{
  public:
    Batch(Objective objective, DescentStart start, StopRule const& rule)
        : rule_(rule),
          objective_(std::move(objective)),
          latents_(std::move(start.latents)),
          target_latents_(std::move(start.target_latents)),
          adam_(std::move(start.adam)),
          first_iteration_(start.iterations),
          iteration_(start.iterations)
    {
        std::int64_t const trials = latents_.size(0);
        auto const options = latents_.options();
        rows_ = at::arange(trials, options.dtype(at::kLong));
        history_ = at::empty({rule_.window, trials}, options);
        best_value_ = at::full({trials}, std::numeric_limits<double>::infinity(), options);
        best_latents_ = latents_.clone();
        first_hit_ = at::full({trials}, TrialOutcome::never, options.dtype(at::kLong));
        caps_ = at::full({trials}, rule_.max_iterations, options.dtype(at::kLong));
        if (start.caps.defined())
        {
            caps_ = at::minimum(caps_, start.caps);
        }
        goal_ = objective_.squared_norm() * rule_.relative_target;
    }

    bool empty() const { return latents_.size(0) == 0; }

    /// Evaluates f at the current latents, takes out the trials that end there, and moves the
    /// others one step.
    void advance(model::Evaluator& generator, std::vector<TrialOutcome>& outcomes)
    {
        Evaluation evaluation = objective_.evaluate(generator, latents_);
        at::Tensor const reason = verdict(evaluation);
        record(evaluation.value);
        if (at::Tensor const ended = reason.ne(running); ended.any().item<bool>())
        {
            harvest(at::nonzero(ended).squeeze(1), reason, outcomes);
            at::Tensor const kept = at::nonzero(ended.logical_not()).squeeze(1);
            keep(kept);
            evaluation.gradient = evaluation.gradient.index_select(0, kept);
        }
        if (!empty())
        {
            adam_.step(latents_, evaluation.gradient);
        }
        ++iteration_;
    }

  private:
    /// The stop reason of each trial at the current latents, or `running`.
    at::Tensor verdict(Evaluation const& evaluation) const
    {
        at::Tensor const& value = evaluation.value;
        at::Tensor reason = at::full_like(value, running, value.options().dtype(at::kChar));
        at::Tensor converged = value.le(goal_);
        std::int64_t const done = iteration_ - first_iteration_;
        if (done >= rule_.window)
        {
            at::Tensor const before = history_[done % rule_.window];
            converged.logical_or_(at::abs(before - value).lt(before * rule_.relative_change));
        }
        reason.masked_fill_(caps_.le(done), code(StopReason::iteration_cap));
        reason.masked_fill_(converged, code(StopReason::converged));
        at::Tensor const finite =
            at::isfinite(value).logical_and(at::isfinite(evaluation.gradient).all(1));
        return reason.masked_fill(finite.logical_not(), code(StopReason::non_finite));
    }

    void record(at::Tensor const& value)
    {
        history_[(iteration_ - first_iteration_) % rule_.window].copy_(value);
        at::Tensor const better = value.lt(best_value_);
        best_value_ = at::where(better, value, best_value_);
        best_latents_ = at::where(better.unsqueeze(1), latents_, best_latents_);
        at::Tensor const hit = row_norm(latents_ - target_latents_).lt(rule_.success_distance);
        first_hit_.masked_fill_(hit.logical_and(first_hit_.lt(0)), iteration_);
    }

    /// Writes down the trials of these batch rows, but for what outcomes need a fresh look at x̂.
    void harvest(at::Tensor const& ended, at::Tensor const& reason,
                 std::vector<TrialOutcome>& outcomes) const
    {
        auto const rows = host_values<std::int64_t>(rows_.index_select(0, ended));
        auto const reasons = host_values<std::int8_t>(reason.index_select(0, ended));
        auto const hits = host_values<std::int64_t>(first_hit_.index_select(0, ended));
        auto const best = host_values<double>(best_value_.index_select(0, ended));
        for (std::size_t i = 0; i < rows.size(); ++i)
        {
            auto const batch_row = ended[static_cast<std::int64_t>(i)].item<std::int64_t>();
            TrialOutcome& outcome = outcomes[static_cast<std::size_t>(rows[i])];
            outcome.stop_reason = static_cast<StopReason>(reasons[i]);
            outcome.iterations = iteration_;
            outcome.first_hit = hits[i];
            outcome.best_objective = best[i];
            outcome.latent = host_values<float>(latents_[batch_row]);
            outcome.best_latent = host_values<float>(best_latents_[batch_row]);
        }
    }

    void keep(at::Tensor const& kept)
    {
        objective_ = objective_.select(kept);
        adam_.select(kept);
        history_ = history_.index_select(1, kept);
        for (at::Tensor* tensor : {&rows_, &latents_, &target_latents_, &best_value_,
                                   &best_latents_, &first_hit_, &caps_, &goal_})
        {
            *tensor = tensor->index_select(0, kept);
        }
    }

    StopRule rule_;
    Objective objective_;
    at::Tensor latents_;
    at::Tensor target_latents_;
    Adam adam_;
    std::int64_t first_iteration_;
    std::int64_t iteration_;
    at::Tensor rows_;     ///< the trials' rows in the block
    at::Tensor history_;  ///< f of the last `window` iterations, a ring: [window × trials]
    at::Tensor best_value_;
    at::Tensor best_latents_;
    at::Tensor first_hit_;
    at::Tensor caps_;  ///< Adam steps on this network at which a trial ends at the latest
    at::Tensor goal_;  ///< f at which a trial counts as converged
};

at::Tensor stacked_latents(std::vector<TrialOutcome> const& outcomes, at::Tensor const& like)
{
    at::Tensor latents = at::empty(like.sizes(), at::kFloat);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        std::vector<float> const& latent = outcomes[i].latent;
        std::copy(latent.begin(), latent.end(),
                  latents.mutable_data_ptr<float>() + i * latent.size());
    }
    return latents.to(like.options());
}

}  // namespace

std::vector<TrialOutcome> descend(model::Evaluator& generator, Objective const& objective,
                                  DescentStart start, StopRule const& rule,
                                  std::stop_token const& stop)
{
    EXPECT(rule.window > 0);
    at::Tensor const target_latents = start.target_latents;
    std::vector<TrialOutcome> outcomes(static_cast<std::size_t>(target_latents.size(0)));
    Batch batch(objective, std::move(start), rule);
    while (!batch.empty())
    {
        if (stop.stop_requested())
        {
            throw Interrupted("stopped in the middle of a block (it is computed again next time)");
        }
        batch.advance(generator, outcomes);
    }

    // What describes x̂ itself is computed afresh, for all trials alike.
    at::Tensor const latents = stacked_latents(outcomes, target_latents);
    auto const values = host_values<double>(objective.evaluate(generator, latents).value);
    auto const errors = host_values<double>(objective.pixel_error(generator, latents));
    auto const distances = host_values<double>(row_norm(latents - target_latents));
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        outcomes[i].trial = static_cast<std::int64_t>(i);
        outcomes[i].objective = values[i];
        outcomes[i].pixel_error = errors[i];
        outcomes[i].distance = distances[i];
        outcomes[i].success = distances[i] < rule.success_distance;
    }
    return outcomes;
}

}  // namespace surf::trial
