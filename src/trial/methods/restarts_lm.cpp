#include "trial/lm_surfing.hpp"
#include "trial/restarts.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_restarts_lm(SearchInput const& input)
{
    return search_again(input, least_evaluations(input, straight), [&](SearchStart const& start) {
        return surf_by_lm(input, start, straight);
    });
}

}  // namespace surf::trial
