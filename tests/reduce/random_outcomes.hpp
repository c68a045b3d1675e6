#pragma once

#include <limits>
#include <random>
#include <vector>

#include "spec/outcome.hpp"

namespace surf::test
{

/// Outcomes as they might come, a tenth of them not finite; with the given chance of success.
inline std::vector<TrialOutcome> random_outcomes(std::uint32_t seed, std::int64_t count,
                                                 double success_chance, std::int64_t latent_dim = 2)
{
    std::mt19937 engine(seed);
    std::uniform_real_distribution<double> uniform;
    std::vector<TrialOutcome> outcomes;
    for (std::int64_t number = 0; number < count; ++number)
    {
        TrialOutcome outcome;
        outcome.trial = number;
        outcome.iterations = 300 + static_cast<std::int64_t>(1000 * uniform(engine));
        outcome.network_evaluations = 3 * outcome.iterations + 7;
        outcome.success = uniform(engine) < success_chance;
        outcome.distance = (outcome.success ? 0.01 : 3) * uniform(engine);
        outcome.pixel_error = uniform(engine);
        if (outcome.success)
        {
            outcome.first_hit = outcome.iterations / 2;
            outcome.hit_evaluations = 3 * outcome.first_hit + 5;
            outcome.goal_evaluations =
                number % 5 == 0 ? TrialOutcome::never : outcome.network_evaluations;
        }
        else if (uniform(engine) < 0.2)
        {
            outcome.stop_reason = StopReason::non_finite;
            outcome.distance = std::numeric_limits<double>::quiet_NaN();
            outcome.pixel_error = std::numeric_limits<double>::quiet_NaN();
        }
        else if (uniform(engine) < 0.3)
        {
            outcome.stop_reason = StopReason::iteration_cap;
        }
        for (std::int64_t i = 0; i < latent_dim; ++i)
        {
            outcome.latent.push_back(static_cast<float>(uniform(engine)));
            outcome.best_latent.push_back(static_cast<float>(uniform(engine)));
        }
        outcomes.push_back(std::move(outcome));
    }
    return outcomes;
}

}  // namespace surf::test
