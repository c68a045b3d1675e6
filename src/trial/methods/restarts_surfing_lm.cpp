#include "trial/lm_surfing.hpp"
#include "trial/restarts.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_restarts_surfing_lm(SearchInput const& input)
{
    std::int64_t const stride = input.cell().surfing_lm.every;
    return search_again(input, least_evaluations(input, stride),
                        [&](SearchStart const& start) { return surf_by_lm(input, start, stride); });
}

}  // namespace surf::trial
