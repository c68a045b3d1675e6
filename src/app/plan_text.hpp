#pragma once

#include <string>

#include "app/wall_time.hpp"

/// What the command `plan` prints.
namespace surf::app
{

/// Chains, cells and surfaces of a job, with what they cost, what of them is stored, and sums. Each
/// cell is in the table of the first experiment that has it; the others name that one.
std::string plan_text(PlanState const& state);

std::string wall_time_text(WallTime const& time, int ranks);

}  // namespace surf::app
