#include "trial/search_ends.hpp"

#include "trial/host_values.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> outcomes_of(SearchEnds const& ends)
{
    auto const reasons = host_values<std::int8_t>(ends.reasons);
    auto const steps = host_values<std::int64_t>(ends.steps);
    auto const evaluations = host_values<std::int64_t>(ends.evaluations);
    auto const hits = host_values<std::int64_t>(ends.hits.steps);
    auto const hit_evaluations = host_values<std::int64_t>(ends.hits.evaluations);
    auto const best = host_values<double>(ends.best_values);
    std::vector<TrialOutcome> outcomes(reasons.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        auto const row = static_cast<std::int64_t>(i);
        TrialOutcome& outcome = outcomes[i];
        outcome.trial = row;
        outcome.stop_reason = static_cast<StopReason>(reasons[i]);
        outcome.iterations = steps[i];
        outcome.network_evaluations = evaluations[i];
        outcome.first_hit = hits[i];
        outcome.hit_evaluations = hit_evaluations[i];
        outcome.latent = host_values<float>(ends.latents[row]);
        outcome.best_objective = best[i];
        outcome.best_latent = host_values<float>(ends.best_latents[row]);
    }
    return outcomes;
}

}  // namespace surf::trial
