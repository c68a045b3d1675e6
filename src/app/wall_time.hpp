#pragma once

#include "app/plan_state.hpp"

namespace surf::app
{

/// Wall time of what is left of a plan.
struct WallTime
{
    double seconds = 0;
    double training_seconds = 0;  ///< until the last chain is there
    double busy = 0;              ///< share of the ranks' time that is spent on work
};

/// What the scheduler makes of a plan on so many ranks, each with a core of its own on one machine;
/// rank 0 computes the surfaces at the end.
WallTime wall_time(PlanState const& state, int ranks);

}  // namespace surf::app
