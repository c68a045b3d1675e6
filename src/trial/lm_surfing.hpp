#pragma once

#include <ATen/ATen.h>

#include <stop_token>
#include <vector>

#include "spec/cell.hpp"
#include "spec/outcome.hpp"
#include "trial/objective.hpp"
#include "trial/snapshots.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// The stride of an attempt at a trial that visits no snapshot before the final network.
inline constexpr std::int64_t straight = 0;

/// An attempt with stride s visits snapshots 0, s, 2s … before the final network. A stride for each
/// attempt that a schedule makes at a trial, in their order.
std::vector<std::int64_t> strides(SurfingLmSettings const& settings);

/// The trials of Method::lm or surfing_lm from these latents, [trials × k] as target_latents.
/// Throws FileError if the chain is damaged, Interrupted when asked to stop.
std::vector<TrialOutcome> search_by_lm(CellSpec const& cell, Snapshots const& snapshots,
                                       Objective const& objective, at::Tensor const& latents,
                                       at::Tensor const& target_latents,
                                       std::stop_token const& stop);

}  // namespace surf::trial
