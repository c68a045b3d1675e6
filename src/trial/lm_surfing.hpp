#pragma once

#include <vector>

#include "spec/cell.hpp"
#include "spec/outcome.hpp"
#include "trial/methods/methods.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// The stride of an attempt at a trial that visits no snapshot before the final network.
inline constexpr std::int64_t straight = 0;

/// An attempt with stride s visits snapshots 0, s, 2s … before the final network. A stride for each
/// attempt that a schedule makes at a trial, in their order.
std::vector<std::int64_t> strides(SurfingLmSettings const& settings);

/// Levenberg–Marquardt on the final network, behind the snapshots of an attempt: as many attempts
/// at a trial as there are strides, until one brings f to its goal.
std::vector<TrialOutcome> surf_by_lm(SearchInput const& input,
                                     std::vector<std::int64_t> const& stride_of);

}  // namespace surf::trial
