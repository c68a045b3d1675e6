#include "trial/lm_surfing.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_lm(SearchInput const& input)
{
    return surf_by_lm(input, input.beginning(), straight);
}

}  // namespace surf::trial
