#pragma once

#include <ATen/ATen.h>

#include <stop_token>
#include <vector>

#include "model/evaluator.hpp"
#include "trial/adam.hpp"
#include "trial/objective.hpp"
#include "trial/outcome.hpp"
#include "trial/spec.hpp"

namespace surf::trial
{

/// Where the trials of a block stand when they reach the final network.
struct DescentStart
{
    at::Tensor latents;         ///< x: [trials × k]
    at::Tensor target_latents;  ///< x*: [trials × k], NaN where there is none
    Adam adam;
    std::int64_t iterations = 0;  ///< Adam steps already done on earlier networks
    /// Adam steps that each trial may take if the rule allows no fewer: [trials], int64; undefined
    /// if only the rule says.
    at::Tensor caps = {};
};

/// Adam on the final network until every trial meets the stop rule. Trials advance together as one
/// batch; those that end leave it at once. Gives the outcomes in the order of the rows, numbered
/// from 0. Throws Interrupted when asked to stop.
std::vector<TrialOutcome> descend(model::Evaluator& generator, Objective const& objective,
                                  DescentStart start, StopRule const& rule,
                                  std::stop_token const& stop);

}  // namespace surf::trial
