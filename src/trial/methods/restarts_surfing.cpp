#include "trial/adam_surfing.hpp"
#include "trial/descent_batch.hpp"
#include "trial/restarts.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_restarts_surfing(SearchInput const& input)
{
    std::int64_t const steps = input.block.budget.steps;
    return search_again(input, evaluations_a_step * (steps + 1), [&](SearchStart const& start) {
        return surf_by_adam(input, start, steps);
    });
}

}  // namespace surf::trial
