#pragma once

#include <cstdint>
#include <vector>

#include "spec/cell.hpp"

namespace surf::trial
{

/// Adam steps n_0 … n_{T−1} on snapshots 0 … T − 1, proportional to the schedule's weights and
/// rounded so that they sum exactly to `budget` (largest remainders, earlier snapshots first).
std::vector<std::int64_t> spread_budget(SurfingSettings const& settings, std::int64_t snapshots,
                                        std::int64_t budget);

}  // namespace surf::trial
