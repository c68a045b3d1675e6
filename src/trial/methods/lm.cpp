#include "trial/lm_surfing.hpp"
#include "trial/methods/methods.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_lm(SearchInput const& input)
{
    return surf_by_lm(input, {straight});
}

}  // namespace surf::trial
