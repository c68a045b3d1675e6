#pragma once

#include <stop_token>

#include "trial/levenberg_marquardt.hpp"
#include "trial/snapshots.hpp"
#include "trial/spec.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// Rides all trials of a search along the chain up to the final network, which it leaves to come.
/// Throws FileError if the chain is damaged, Interrupted when asked to stop.
void surf_by_lm(Snapshots const& snapshots, SurfingLmSettings const& settings,
                LevenbergMarquardt& search, std::stop_token const& stop);

}  // namespace surf::trial
