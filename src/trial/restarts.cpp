#include "trial/restarts.hpp"

#include "base/contract.hpp"
#include "trial/attempts.hpp"
#include "trial/descent.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_again(SearchInput const& input, std::int64_t least,
                                       SearchFunction const& search)
{
    EXPECT(least > 0);
    CellSpec const& cell = input.cell();
    RestartLatents starts(cell, input.block.first, input.block.count);
    return attempt_in_turn(
        goals_of(input.objective, cell.stop),
        {.evaluations = input.block.budget.evaluations, .least = least},
        [&](Attempt const& attempt) {
            SearchStart start =
                attempt.number == 0
                    ? input.beginning()
                    : SearchStart{attempt.rows, starts.next(attempt.rows).to(input.device)};
            start.allowance = at::tensor(attempt.left, at::kLong).to(input.device);
            return search(start);
        });
}

}  // namespace surf::trial
