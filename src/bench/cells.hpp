#pragma once

#include <filesystem>

#include "bench/session.hpp"

namespace surf::bench
{

/// Whole cells of 300 trials on a trained chain, by the program's own engine from their streams to
/// their outcomes: "cells/<method>[/<jacobian>]/block<trials computed together>". Their rate is in
/// network evaluations as the trials count them, each as much work as a forward pass. What they
/// lose against "trials/…" is what shrinking batches, bookkeeping and, along the chain, snapshots
/// cost.
Cases cell_cases(std::filesystem::path const& chain);

}  // namespace surf::bench
