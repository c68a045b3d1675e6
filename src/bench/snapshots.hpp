#pragma once

#include "bench/session.hpp"

namespace surf::bench
{

/// What snapshots cost: "snapshots/prepare" (parameters in memory to an evaluator, ms),
/// "snapshots/read" (from a chain file that the system has cached, ms and GB/s), and
/// "snapshots/surfing" (5 iterations on each snapshot at batch 100, in % more than as many on a
/// network that has been used for long).
Cases snapshot_cases();

}  // namespace surf::bench
