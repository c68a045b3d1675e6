#include "trial/attempts.hpp"

#include <numeric>
#include <set>

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
    sum.hit_evaluations =
        hits_first ? trial.network_evaluations + next.hit_evaluations : trial.hit_evaluations;
    // The smallest f on the way may be another search's than the smallest final f.
    TrialOutcome const& lowest = next.best_objective < trial.best_objective ? next : trial;
    sum.best_objective = lowest.best_objective;
    sum.best_latent = lowest.best_latent;
    trial = std::move(sum);
}

std::vector<TrialOutcome> attempt_in_turn(std::vector<double> const& goals,
                                          AttemptLimits const& limits, AttemptFunction const& make)
{
    EXPECT(limits.attempts > 0);
    Attempt attempt{.number = 0, .rows = std::vector<std::int64_t>(goals.size()), .left = {}};
    std::iota(attempt.rows.begin(), attempt.rows.end(), std::int64_t{0});
    std::vector<TrialOutcome> trials(goals.size());
    while (true)
    {
        attempt.left.clear();
        for (std::int64_t const row : attempt.rows)
        {
            attempt.left.push_back(limits.evaluations -
                                   trials[static_cast<std::size_t>(row)].network_evaluations);
        }
        auto const outcomes = make(attempt);
        ENSURE(outcomes.size() == attempt.rows.size());
        std::set<std::int64_t> stuck;
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            if (outcomes[i].iterations == 0)
            {
                stuck.insert(attempt.rows[i]);
            }
            TrialOutcome& trial = trials[static_cast<std::size_t>(attempt.rows[i])];
            if (attempt.number == 0)
            {
                trial = outcomes[i];
            }
            else
            {
                add_search(trial, outcomes[i]);
            }
        }
        std::erase_if(attempt.rows, [&](std::int64_t row) {
            auto const i = static_cast<std::size_t>(row);
            return trials[i].best_objective <= goals[i] || stuck.contains(row) ||
                   limits.evaluations - trials[i].network_evaluations < limits.least;
        });
        ++attempt.number;
        if (attempt.rows.empty() || attempt.number == limits.attempts)
        {
            return trials;
        }
    }
}

}  // namespace surf::trial
