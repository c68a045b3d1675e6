#include <algorithm>

#include "trial/adam_surfing.hpp"
#include "trial/descent_batch.hpp"
#include "trial/restarts.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_restarts_surfing(SearchInput const& input)
{
    // The first start is made in any case: along the chain with what there is.
    Budget const& budget = input.block.budget;
    std::int64_t const most =
        std::max<std::int64_t>(0, budget.evaluations / evaluations_a_step - 1);
    std::int64_t const steps = std::min(budget.steps, most);
    return search_again(input, evaluations_a_step * (steps + 1), [&](SearchStart const& start) {
        return surf_by_adam(input, start, steps);
    });
}

}  // namespace surf::trial
