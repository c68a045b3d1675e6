#include "trial/adam_surfing.hpp"
#include "trial/attempts.hpp"
#include "trial/descent.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_surfing(SearchInput const& input)
{
    CellSpec const& cell = input.cell();
    bool const adapts = cell.surfing.schedule == Schedule::adaptive;
    return attempt_in_turn(goals_of(input.objective, cell.stop), {.attempts = adapts ? 2 : 1},
                           [&](Attempt const& attempt) {
                               bool const goes_straight = adapts && attempt.number == 0;
                               return surf_by_adam(input, input.beginning(attempt.rows),
                                                   goes_straight ? 0 : input.block.budget.steps);
                           });
}

}  // namespace surf::trial
