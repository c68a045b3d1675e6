#include "trial/lm_descent.hpp"

#include <limits>

#include "base/contract.hpp"
#include "trial/descent.hpp"
#include "trial/network_uses.hpp"
#include "trial/search_ends.hpp"

namespace surf::trial
{
namespace
{

/// Advances trials on one network as one batch, which those leave that end: a loop for a
/// Checkpoint. Refers to the network.
class LmBatch
{
  public:
    LmBatch(model::Evaluator& generator, LmStart start, LmSettings const& settings,
            StopRule const& rule)
        : settings_(settings),
          rule_(rule),
          generator_(generator),
          all_(start.search.objective()),
          search_(std::move(start.search)),
          target_latents_(std::move(start.target_latents)),
          limits_(std::move(start.limits)),
          hits_(std::move(start.hits))
    {
        EXPECT(settings.window > 0);
        LmState const& state = search_.state();
        auto const whole = state.values.options().dtype(at::kLong);
        std::int64_t const trials = state.values.size(0);
        if (!hits_.steps.defined())
        {
            hits_ = FirstHits::none(trials, whole);
        }
        if (!limits_.defined())
        {
            limits_ = at::full({trials}, std::numeric_limits<std::int64_t>::max(), whole);
        }
        rows_ = at::arange(trials, whole);
        steps_before_ = state.steps.clone();
        history_ = at::zeros({trials, settings.window}, state.values.options());
        goal_ = (all_.squared_norm() * rule.relative_target).to(at::kDouble);
        at::Tensor const none =
            at::full({trials}, none_yet, state.values.options().dtype(at::kChar));
        ended_ = select_rows(ends(none), rows_);
    }

    /// Whether all trials have ended.
    bool done() const { return rows_.size(0) == 0; }

    /// Takes out the trials that end where they are, and moves the others on.
    void advance()
    {
        note_hits();
        at::Tensor const reasons = verdict();
        if (at::Tensor const ended = reasons.ne(none_yet); ended.any().item<bool>())
        {
            end(at::nonzero(ended).squeeze(1), reasons);
            keep(at::nonzero(ended.logical_not()).squeeze(1));
        }
        if (!done())
        {
            record();
            search_.advance(generator_);
        }
    }

    LoopState state()
    {
        uses_.note(generator_);
        return state_of(tensors());
    }
    void restore(LoopState const& state)
    {
        restore_to(tensors(), state);
        search_.set_objective(all_.select(rows_));
        uses_.pass_to(generator_);
    }

    Sighting sight() const { return {rows_, search_.state().latents, search_.state().evaluations}; }

    /// Of the trials that have ended.
    SearchEnds const& ended() const { return ended_; }

  private:
    TensorRefs tensors()
    {
        return joined({search_.tensors(),
                       hits_.tensors(),
                       {&target_latents_, &limits_, &rows_, &steps_before_, &history_, &goal_},
                       ended_.tensors(),
                       uses_.tensors()});
    }

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

    void end(at::Tensor const& rows, at::Tensor const& reasons)
    {
        put_rows(ended_, rows_.index_select(0, rows), select_rows(ends(reasons), rows));
    }

    /// The trials as they are, ended for these reasons. f only ever falls: the last x is the best.
    SearchEnds ends(at::Tensor const& reasons) const
    {
        LmState const& state = search_.state();
        return {reasons,       state.steps,  state.evaluations, hits_,
                state.latents, state.values, state.latents};
    }

    void keep(at::Tensor const& kept)
    {
        search_ = search_.select(kept);
        target_latents_ = target_latents_.index_select(0, kept);
        limits_ = limits_.index_select(0, kept);
        hits_ = select_rows(hits_, kept);
        rows_ = rows_.index_select(0, kept);
        steps_before_ = steps_before_.index_select(0, kept);
        history_ = history_.index_select(0, kept);
        goal_ = goal_.index_select(0, kept);
    }

    LmSettings settings_;
    StopRule rule_;
    model::Evaluator& generator_;
    Objective all_;  ///< of all trials of the batch at its start
    LevenbergMarquardt search_;
    at::Tensor target_latents_;
    at::Tensor limits_;
    FirstHits hits_;
    at::Tensor rows_;          ///< of the batch at its start
    at::Tensor steps_before_;  ///< tried on other networks: [trials]
    at::Tensor history_;       ///< f before the last `window` steps, a ring: [trials × window]
    at::Tensor goal_;          ///< f at which a trial counts as converged
    SearchEnds ended_;         ///< in the order of the rows at the start
    NetworkUses uses_;
};

}  // namespace

std::vector<TrialOutcome> descend_by_lm(model::Evaluator& generator, LmStart start,
                                        LmSettings const& settings, StopRule const& rule,
                                        Checkpoint& checkpoint)
{
    at::Tensor const target_latents = start.target_latents;
    Objective const objective = start.search.objective();
    start.search.look(generator);
    LmBatch batch(generator, std::move(start), settings, rule);
    checkpoint.run(batch);
    auto outcomes = outcomes_of(batch.ended());
    describe_latents(generator, objective, target_latents, rule, outcomes);
    return outcomes;
}

}  // namespace surf::trial
