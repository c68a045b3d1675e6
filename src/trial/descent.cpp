#include "trial/descent.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/contract.hpp"
#include "trial/descent_batch.hpp"
#include "trial/host_values.hpp"
#include "trial/lm_descent.hpp"
#include "trial/search_ends.hpp"

namespace surf::trial
{
namespace
{

/// Where the trials of a batch stand at the start.
DescentState initial_state(DescentStart start, StopRule const& rule)
{
    auto const whole = start.latents.options().dtype(at::kLong);
    std::int64_t const trials = start.latents.size(0);
    at::Tensor caps = at::full({trials}, rule.max_iterations, whole);
    if (start.allowance.defined())
    {
        // The last step leads to an x at which f is evaluated once more.
        at::Tensor const steps =
            at::div(start.allowance, evaluations_a_step, "floor").sub_(1).clamp_min_(0);
        caps = at::minimum(caps, steps);
    }
    return {.latents = std::move(start.latents),
            .target_latents = std::move(start.target_latents),
            .adam = std::move(start.adam),
            .iterations = at::full({trials}, start.iterations, whole),
            .evaluations = at::full({trials}, evaluations_a_step * start.iterations, whole),
            .caps = std::move(caps),
            .hits = FirstHits::none(trials, whole)};
}

/// Advances trials on one network until all have ended.
EndedTrials descend_until(EndRule const& rule, model::Evaluator& generator,
                          Objective const& objective, DescentState state, Checkpoint& checkpoint)
{
    DescentBatch batch(generator, objective, std::move(state), rule);
    checkpoint.run(batch);
    return batch.ended();
}

/// Where trials were lowest by the final network's own f.
struct Lowest
{
    at::Tensor values;   ///< f: [trials], infinite if it was not looked at
    at::Tensor latents;  ///< [trials × k]

    static Lowest unseen(at::Tensor const& latents)
    {
        return {
            at::full({latents.size(0)}, std::numeric_limits<double>::infinity(), latents.options()),
            latents.clone()};
    }

    static Lowest of(EndedTrials const& ended) { return {ended.best_values, ended.best_latents}; }

    TensorRefs tensors() { return {&values, &latents}; }
};

/// Trials that have met a looser rule: what another search goes on from.
struct Approached
{
    DescentState state;
    Lowest lowest;
};

/// When a trial leaves the exact f with nearly right gradients: at the end, or when f hardly falls.
EndRule exact_forward_rule(StopRule const& rule)
{
    // Trials that bfloat16's gradients lead astray have a narrow valley before them: f no longer
    // falls, or rises. Of 100 trials of DCGAN, k = 10, they were 3, and lost up to 40,000 steps.
    constexpr double progress = 0.1;
    EndRule own = {.stop = rule, .where_f_rises = true};
    own.stop.relative_change = std::max(rule.relative_change, progress);
    return own;
}

/// Brings trials on their way to the end of `rule` as far as the approximations of the final
/// network lead, where there are any.
Approached approach(FinalGenerators const& generators, Objective const& objective,
                    DescentState state, StopRule const& rule, Checkpoint& checkpoint)
{
    EXPECT(generators.approximate != nullptr || generators.exact_forward == nullptr);
    if (generators.approximate == nullptr)
    {
        auto lowest = Lowest::unseen(state.latents);
        return {std::move(state), std::move(lowest)};
    }
    StopRule const loose = approximate_rule(rule);
    EndedTrials const led =
        descend_until({loose}, *generators.approximate, objective, std::move(state), checkpoint);
    // The others have stopped short of zero, where only exact gradients lead on.
    at::Tensor const near =
        at::nonzero(led.best_values.le(objective.squared_norm() * loose.relative_target))
            .squeeze(1);
    Approached approached{led.state, Lowest::unseen(led.state.latents)};
    if (generators.exact_forward != nullptr && near.size(0) > 0)
    {
        at::Tensor const all = checkpoint.narrow(near);
        EndedTrials const followed =
            descend_until(exact_forward_rule(rule), *generators.exact_forward,
                          objective.select(near), select_rows(led.state, near), checkpoint);
        checkpoint.widen(all);
        put_rows(approached.state, near, followed.state);
        put_rows(approached.lowest, near, Lowest::of(followed));
    }
    return approached;
}

/// Adam's f goes up and down: where it was lower before an outcome's own search, it says so.
void keep_lowest(Lowest const& lowest, std::vector<TrialOutcome>& outcomes)
{
    auto const values = host_values<double>(lowest.values);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        if (values[i] < outcomes[i].best_objective)
        {
            outcomes[i].best_objective = values[i];
            outcomes[i].best_latent =
                host_values<float>(lowest.latents[static_cast<std::int64_t>(i)]);
        }
    }
}

}  // namespace

StopRule approximate_rule(StopRule const& rule)
{
    // bfloat16 keeps 8 bits: its error in the image is about 0.1 %, in f / |b|^2 about 1e-6.
    constexpr double shown_in_objective = 1e-5;
    constexpr double shown_in_change = 1e-3;
    StopRule approximate = rule;
    approximate.relative_target = std::max(rule.relative_target, shown_in_objective);
    approximate.relative_change = std::max(rule.relative_change, shown_in_change);
    return approximate;
}

std::vector<TrialOutcome> descend(FinalGenerators const& generators, Objective const& objective,
                                  DescentStart start, StopRule const& rule, Checkpoint& checkpoint)
{
    at::Tensor const target_latents = start.target_latents;
    Approached near =
        approach(generators, objective, initial_state(std::move(start), rule), rule, checkpoint);
    auto outcomes = outcomes_of(
        descend_until({rule}, generators.exact, objective, std::move(near.state), checkpoint)
            .ends());
    keep_lowest(near.lowest, outcomes);
    describe_latents(generators.exact, objective, target_latents, rule, outcomes);
    return outcomes;
}

std::vector<double> goals_of(Objective const& objective, StopRule const& rule)
{
    return host_values<double>(objective.squared_norm() * rule.relative_target);
}

StopRule polish_rule(StopRule const& rule, PolishSettings const& polish)
{
    StopRule loose = rule;
    loose.relative_change = std::max(rule.relative_change, polish.relative_change);
    return loose;
}

std::vector<TrialOutcome> descend_polished(FinalGenerators const& generators,
                                           Objective const& objective, DescentStart start,
                                           Polishing const& polishing, StopRule const& rule,
                                           Checkpoint& checkpoint)
{
    StopRule const loose = polish_rule(rule, polishing.polish);
    at::Tensor const limits = start.allowance.defined()
                                  ? start.allowance + evaluations_a_step * start.iterations
                                  : at::Tensor();
    Approached near =
        approach(generators, objective, initial_state(std::move(start), rule), loose, checkpoint);
    EndedTrials const ended =
        descend_until({loose}, generators.exact, objective, std::move(near.state), checkpoint);
    DescentState const& state = ended.state;
    LevenbergMarquardt search(polishing.lm, objective, state.latents);
    search.count(state.iterations, state.evaluations);
    auto outcomes = descend_by_lm(generators.exact,
                                  {std::move(search), state.target_latents, limits, state.hits},
                                  polishing.lm, rule, checkpoint);
    auto const before = host_values<std::int64_t>(state.iterations);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        outcomes[i].polish_iterations = outcomes[i].iterations - before[i];
    }
    keep_lowest(near.lowest, outcomes);
    keep_lowest(Lowest::of(ended), outcomes);
    return outcomes;
}

void describe_latents(model::Evaluator& generator, Objective const& objective,
                      at::Tensor const& target_latents, StopRule const& rule,
                      std::vector<TrialOutcome>& outcomes)
{
    at::Tensor latents = at::empty(target_latents.sizes(), at::kFloat);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        std::vector<float> const& latent = outcomes[i].latent;
        std::ranges::copy(latent, latents.mutable_data_ptr<float>() + i * latent.size());
    }
    latents = latents.to(target_latents.options());
    auto const values = host_values<double>(objective.evaluate(generator, latents).value);
    auto const errors = host_values<double>(objective.pixel_error(generator, latents));
    auto const distances = host_values<double>(
        at::linalg_vector_norm(latents - target_latents, 2, at::IntArrayRef{1}));
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        outcomes[i].objective = values[i];
        outcomes[i].pixel_error = errors[i];
        outcomes[i].distance = distances[i];
        outcomes[i].success = distances[i] < rule.success_distance;
    }
}

}  // namespace surf::trial
