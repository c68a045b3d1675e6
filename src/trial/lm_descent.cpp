#include "trial/lm_descent.hpp"

#include <limits>

#include "base/contract.hpp"
#include "trial/descent.hpp"
#include "trial/going_on.hpp"
#include "trial/host_values.hpp"

namespace surf::trial
{
namespace
{

constexpr std::int8_t none_yet = -1;

std::int8_t code(StopReason reason)
{
    return static_cast<std::int8_t>(reason);
}

/// Advances trials on one network as one batch, which those leave that end.
class LmBatch
{
  public:
    LmBatch(LmStart start, LmSettings const& settings, StopRule const& rule)
        : settings_(settings),
          rule_(rule),
          search_(std::move(start.search)),
          target_latents_(std::move(start.target_latents)),
          limits_(std::move(start.limits)),
          hits_(std::move(start.hits))
    {
        EXPECT(settings.window > 0);
        at::Tensor const& values = search_.state().values;
        auto const whole = values.options().dtype(at::kLong);
        if (!hits_.steps.defined())
        {
            hits_ = FirstHits::none(values.size(0), whole);
        }
        if (!limits_.defined())
        {
            limits_ = at::full({values.size(0)}, std::numeric_limits<std::int64_t>::max(), whole);
        }
        rows_ = at::arange(values.size(0), whole);
        steps_before_ = search_.state().steps.clone();
        history_ = at::zeros({values.size(0), settings.window}, values.options());
        goal_ = (search_.objective().squared_norm() * rule.relative_target).to(at::kDouble);
    }

    bool empty() const { return rows_.size(0) == 0; }

    /// Writes the outcomes of the trials that end where they are, and moves the others on.
    void advance(model::Evaluator& generator, std::vector<TrialOutcome>& outcomes)
    {
        note_hits();
        at::Tensor const reasons = verdict();
        if (at::Tensor const ended = reasons.ne(none_yet); ended.any().item<bool>())
        {
            end(at::nonzero(ended).squeeze(1), reasons, outcomes);
            keep(at::nonzero(ended.logical_not()).squeeze(1));
        }
        if (!empty())
        {
            record();
            search_.advance(generator);
        }
    }

  private:
    /// The stop reason of each trial at its latents, or none_yet.
    at::Tensor verdict() const
    {
        at::Tensor const& values = search_.state().values;
        at::Tensor const steps = steps_here();
        at::Tensor const before = history_.gather(1, slot_of(steps)).squeeze(1);
        at::Tensor const stalls = (before - values)
                                      .lt(before * rule_.relative_change)
                                      .logical_and_(steps.ge(settings_.window));
        at::Tensor const converged =
            values.le(goal_)
                .logical_or_(search_.state().damping.gt(settings_.max_damping))
                .logical_or_(stalls);
        at::Tensor reasons = at::full_like(values, none_yet, values.options().dtype(at::kChar));
        std::int64_t const jacobian_cost = 1 + search_.state().latents.size(1);
        at::Tensor const spent = search_.state().evaluations + search_.state().due * jacobian_cost;
        reasons.masked_fill_(spent.ge(limits_).logical_or_(steps.ge(settings_.max_steps)),
                             code(StopReason::iteration_cap));
        reasons.masked_fill_(converged, code(StopReason::converged));
        return reasons.masked_fill(at::isfinite(values).logical_not(),
                                   code(StopReason::non_finite));
    }

    /// Steps that each trial has tried on this network.
    at::Tensor steps_here() const { return search_.state().steps - steps_before_; }

    /// Where f before a trial's next step goes in the ring; until then it is what f was a window of
    /// steps earlier: [trials × 1].
    at::Tensor slot_of(at::Tensor const& steps) const
    {
        return at::remainder(steps, settings_.window).unsqueeze(1);
    }

    /// f of the trials that are about to try a step.
    void record()
    {
        at::Tensor const slot = slot_of(steps_here());
        at::Tensor const so_far = history_.gather(1, slot);
        history_.scatter_(1, slot,
                          at::where(search_.state().due.unsqueeze(1), so_far,
                                    search_.state().values.unsqueeze(1)));
    }

    void note_hits()
    {
        LmState const& state = search_.state();
        at::Tensor const distances =
            at::linalg_vector_norm(state.latents - target_latents_, 2, at::IntArrayRef{1});
        hits_.note(distances.lt(rule_.success_distance), state.steps, state.evaluations);
    }

    void end(at::Tensor const& ended, at::Tensor const& reasons,
             std::vector<TrialOutcome>& outcomes) const
    {
        auto const of = [&](at::Tensor const& part) { return part.index_select(0, ended); };
        LmState const& state = search_.state();
        auto const rows = host_values<std::int64_t>(of(rows_));
        auto const codes = host_values<std::int8_t>(of(reasons));
        auto const steps = host_values<std::int64_t>(of(state.steps));
        auto const evaluations = host_values<std::int64_t>(of(state.evaluations));
        auto const hits = host_values<std::int64_t>(of(hits_.steps));
        auto const hit_evaluations = host_values<std::int64_t>(of(hits_.evaluations));
        auto const values = host_values<double>(of(state.values));
        at::Tensor const latents = of(state.latents);
        for (std::size_t i = 0; i < rows.size(); ++i)
        {
            TrialOutcome& outcome = outcomes[static_cast<std::size_t>(rows[i])];
            outcome.trial = rows[i];
            outcome.stop_reason = static_cast<StopReason>(codes[i]);
            outcome.iterations = steps[i];
            outcome.network_evaluations = evaluations[i];
            outcome.first_hit = hits[i];
            outcome.hit_evaluations = hit_evaluations[i];
            outcome.latent = host_values<float>(latents[static_cast<std::int64_t>(i)]);
            // f only ever falls: the last x is the best.
            outcome.best_objective = values[i];
            outcome.best_latent = outcome.latent;
        }
    }

    void keep(at::Tensor const& kept)
    {
        search_ = search_.select(kept);
        target_latents_ = target_latents_.index_select(0, kept);
        limits_ = limits_.index_select(0, kept);
        hits_ = hits_.select(kept);
        rows_ = rows_.index_select(0, kept);
        steps_before_ = steps_before_.index_select(0, kept);
        history_ = history_.index_select(0, kept);
        goal_ = goal_.index_select(0, kept);
    }

    LmSettings settings_;
    StopRule rule_;
    LevenbergMarquardt search_;
    at::Tensor target_latents_;
    at::Tensor limits_;
    FirstHits hits_;
    at::Tensor rows_;          ///< of the batch at its start
    at::Tensor steps_before_;  ///< tried on other networks: [trials]
    at::Tensor history_;       ///< f before the last `window` steps, a ring: [trials × window]
    at::Tensor goal_;          ///< f at which a trial counts as converged
};

}  // namespace

std::vector<TrialOutcome> descend_by_lm(model::Evaluator& generator, LmStart start,
                                        LmSettings const& settings, StopRule const& rule,
                                        std::stop_token const& stop)
{
    at::Tensor const target_latents = start.target_latents;
    Objective const objective = start.search.objective();
    start.search.look(generator);
    LmBatch batch(std::move(start), settings, rule);
    std::vector<TrialOutcome> outcomes(static_cast<std::size_t>(target_latents.size(0)));
    while (!batch.empty())
    {
        require_going_on(stop);
        batch.advance(generator, outcomes);
    }
    describe_latents(generator, objective, target_latents, rule, outcomes);
    return outcomes;
}

}  // namespace surf::trial
