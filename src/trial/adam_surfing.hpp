#pragma once

#include <vector>

#include "trial/methods/methods.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// Rides latents along snapshots 0 … T − 1 with so many Adam steps together, spread as the cell's
/// schedule says (Algorithm 1 as run in section 4 of the paper), then descends by Adam on the final
/// network. Without steps, that alone.
std::vector<TrialOutcome> surf_by_adam(SearchInput const& input, SearchStart start,
                                       std::int64_t steps);

}  // namespace surf::trial
