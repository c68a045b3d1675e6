#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "spec/outcome.hpp"

namespace surf::trial
{

/// What is searched for anew.
struct Attempt
{
    std::int64_t number = 0;         ///< the first is 0
    std::vector<std::int64_t> rows;  ///< the trials
    std::vector<std::int64_t> left;  ///< network evaluations that each may still take
};

/// Makes an attempt: outcomes of its rows, in their order.
using AttemptFunction = std::function<std::vector<TrialOutcome>(Attempt const&)>;

/// How often trials are attempted.
struct AttemptLimits
{
    static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();

    std::int64_t attempts = none;
    std::int64_t evaluations = none;  ///< network evaluations of all attempts at a trial
    /// No attempt but the first is made with fewer evaluations left than this, at least 1.
    std::int64_t least = 1;
};

/// Makes attempts at each trial until one brings f to the trial's goal or a limit is reached. Steps
/// and evaluations of all of them count; of the rest of an outcome that attempt's which ended with
/// the smallest f, one that is not finite only if there is no other. A goal a trial; outcomes are
/// numbered from 0. An attempt that ends without a step is the trial's last: f is not finite there,
/// or there is nothing left to spend.
std::vector<TrialOutcome> attempt_in_turn(std::vector<double> const& goals,
                                          AttemptLimits const& limits, AttemptFunction const& make);

/// Adds to what a trial gave so far what another search from the start gave.
void add_search(TrialOutcome& trial, TrialOutcome const& next);

}  // namespace surf::trial
