#include "trial/restarts.hpp"

#include "trial/adam_surfing.hpp"
#include "trial/descent_batch.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_restarts(SearchInput const& input)
{
    return search_again(input, evaluations_a_step,
                        [&](SearchStart const& start) { return surf_by_adam(input, start, 0); });
}

}  // namespace surf::trial
