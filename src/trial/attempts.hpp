#pragma once

#include <functional>
#include <vector>

#include "spec/outcome.hpp"

namespace surf::trial
{

/// Attempt number `attempt` at the trials in these rows: their outcomes, in this order.
using Attempt = std::function<std::vector<TrialOutcome>(std::int64_t attempt,
                                                        std::vector<std::int64_t> const& rows)>;

/// Makes up to so many attempts at each trial, until one brings f to the trial's goal. Steps and
/// evaluations of all of them count; of the rest of an outcome that attempt's which ended with the
/// smallest f, one that is not finite only if there is no other. A goal a trial; outcomes are
/// numbered from 0.
std::vector<TrialOutcome> attempt_in_turn(std::vector<double> const& goals, std::int64_t attempts,
                                          Attempt const& attempt);

/// Adds to what a trial gave so far what another search from the start gave.
void add_search(TrialOutcome& trial, TrialOutcome const& next);

}  // namespace surf::trial
