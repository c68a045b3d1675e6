#pragma once

#include "bench/session.hpp"

namespace surf::bench
{

/// Microseconds from a worker's request to its lease, with rank 0 at the dispatcher all the time:
/// "sched/lease", for two ranks or more.
Cases lease_cases();

}  // namespace surf::bench
