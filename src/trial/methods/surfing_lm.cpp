#include "trial/attempts.hpp"
#include "trial/descent.hpp"
#include "trial/lm_surfing.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_surfing_lm(SearchInput const& input)
{
    auto const stride_of = strides(input.cell().surfing_lm);
    return attempt_in_turn(goals_of(input.objective, input.cell().stop),
                           {.attempts = std::ssize(stride_of)}, [&](Attempt const& attempt) {
                               return surf_by_lm(
                                   input, input.beginning(attempt.rows),
                                   stride_of[static_cast<std::size_t>(attempt.number)]);
                           });
}

}  // namespace surf::trial
