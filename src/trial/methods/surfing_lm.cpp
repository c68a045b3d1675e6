#include "trial/lm_surfing.hpp"
#include "trial/methods/methods.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_surfing_lm(SearchInput const& input)
{
    return surf_by_lm(input, strides(input.cell().surfing_lm));
}

}  // namespace surf::trial
