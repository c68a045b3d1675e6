#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "app/job/plan.hpp"
#include "app/run_context.hpp"

namespace surf::app
{

/// Every surface of the plan once, in its order.
std::vector<PlannedSurface> surfaces_in(Plan const& plan);

/// OUTPUT/surface-<model>-<id>.h5: the id is the hash of all that affects the surface.
std::filesystem::path surface_path(Job const& job, Plan const& plan, PlannedSurface const& surface);

/// The chains of the surfaces that are not stored yet. Damaged files are set aside.
std::vector<sched::ChainIndex> chains_for_surfaces(RunContext const& context);

/// Computes the surfaces that are not stored yet, from their published chains, and prints where
/// they are. Returns how many lack their chain. Throws Interrupted at the next level once
/// `stopped`.
std::int64_t provide_surfaces(RunContext const& context, std::function<bool()> const& stopped);

}  // namespace surf::app
