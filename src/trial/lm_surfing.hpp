#pragma once

#include <vector>

#include "spec/cell.hpp"
#include "spec/outcome.hpp"
#include "trial/methods/methods.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// The stride of a search that visits no snapshot before the final network.
inline constexpr std::int64_t straight = 0;

/// A stride for each attempt that surfing_lm's schedule makes at a trial, in their order.
std::vector<std::int64_t> strides(SurfingLmSettings const& settings);

/// Levenberg–Marquardt along snapshots 0, stride, 2 stride …, then on the final network.
std::vector<TrialOutcome> surf_by_lm(SearchInput const& input, SearchStart const& start,
                                     std::int64_t stride);

/// The fewest network evaluations that such a search takes: a Jacobian where it begins, and each
/// step on its way.
std::int64_t least_evaluations(SearchInput const& input, std::int64_t stride);

}  // namespace surf::trial
