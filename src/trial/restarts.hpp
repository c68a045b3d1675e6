#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "trial/descent.hpp"

namespace surf::trial
{

/// How Method::restarts goes on after a trial's first start.
struct Restarts
{
    AdamSettings adam;
    std::int64_t budget = 0;  ///< Adam steps of each trial, all starts together
    /// New starts of the trials in these rows: [rows × k].
    std::function<at::Tensor(std::vector<std::int64_t> const& rows)> next;
};

/// Adam on the final network from the given latents, then from new ones, each start until it meets
/// the stop rule and the last until the budget is used up. The start with the smallest final f
/// counts, one that is not finite only if there is no other.
///
/// A trial's steps are exactly the budget, unless a start ends without a step (f is at its goal or
/// not finite there): then it is the trial's last. All trials are at the same start at a time, as
/// one batch. Outcomes and errors are as descend() has them.
std::vector<TrialOutcome> descend_restarting(FinalGenerators const& generators,
                                             Objective const& objective, DescentStart first,
                                             Restarts const& restarts, StopRule const& rule,
                                             std::stop_token const& stop);

}  // namespace surf::trial
