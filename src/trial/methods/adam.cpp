#include "trial/adam_surfing.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_adam(SearchInput const& input)
{
    return surf_by_adam(input, input.beginning(), 0);
}

}  // namespace surf::trial
