#pragma once

#include "bench/session.hpp"

namespace surf::bench
{

/// Seconds a training step of every model (preset collection, k = 10, batch 64), of DCGAN in a
/// plain formulation as well: how many times faster the program is, and how far its losses are from
/// the plain ones. Named "training/<model>" and "training/plain_dcgan".
Cases training_cases();

}  // namespace surf::bench
