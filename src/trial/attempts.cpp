#include "trial/attempts.hpp"

#include <numeric>

#include "base/contract.hpp"

namespace surf::trial
{
namespace
{

bool is_better(TrialOutcome const& next, TrialOutcome const& than)
{
    bool const finite = next.stop_reason != StopReason::non_finite;
    bool const than_finite = than.stop_reason != StopReason::non_finite;
    return finite == than_finite ? next.objective < than.objective : finite;
}

}  // namespace

void add_search(TrialOutcome& trial, TrialOutcome const& next)
{
    TrialOutcome sum = is_better(next, trial) ? next : trial;
    sum.trial = trial.trial;
    sum.iterations = trial.iterations + next.iterations;
    sum.polish_iterations = trial.polish_iterations + next.polish_iterations;
    sum.network_evaluations = trial.network_evaluations + next.network_evaluations;
    bool const hits_first =
        trial.first_hit == TrialOutcome::never && next.first_hit != TrialOutcome::never;
    sum.first_hit = hits_first ? trial.iterations + next.first_hit : trial.first_hit;
    // The smallest f on the way may be another search's than the smallest final f.
    TrialOutcome const& lowest = next.best_objective < trial.best_objective ? next : trial;
    sum.best_objective = lowest.best_objective;
    sum.best_latent = lowest.best_latent;
    trial = std::move(sum);
}

std::vector<TrialOutcome> attempt_in_turn(std::vector<double> const& goals, std::int64_t attempts,
                                          Attempt const& attempt)
{
    EXPECT(attempts > 0);
    std::vector<std::int64_t> rows(goals.size());
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    std::vector<TrialOutcome> trials = attempt(0, rows);
    for (std::int64_t number = 1; number < attempts; ++number)
    {
        std::erase_if(rows, [&](std::int64_t row) {
            auto const i = static_cast<std::size_t>(row);
            return trials[i].best_objective <= goals[i];
        });
        if (rows.empty())
        {
            break;
        }
        auto const outcomes = attempt(number, rows);
        ENSURE(outcomes.size() == rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i)
        {
            add_search(trials[static_cast<std::size_t>(rows[i])], outcomes[i]);
        }
    }
    return trials;
}

}  // namespace surf::trial
