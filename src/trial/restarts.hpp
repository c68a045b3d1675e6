#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "trial/methods/methods.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// Searches for the trials in a start's rows, within its allowance.
using SearchFunction = std::function<std::vector<TrialOutcome>(SearchStart const&)>;

/// Searches from x_init, then from new latents of the prior, until f is at its goal or the block's
/// budget of network evaluations is spent, each start as far as `search` takes it. `least`: network
/// evaluations below which another start is not worth making. All trials are at the same start at a
/// time, as one batch; of a trial's starts counts what attempt_in_turn() says.
std::vector<TrialOutcome> search_again(SearchInput const& input, std::int64_t least,
                                       SearchFunction const& search);

}  // namespace surf::trial
