#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "model/evaluator.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"
#include "trial/adam.hpp"
#include "trial/checkpoint.hpp"
#include "trial/objective.hpp"

namespace surf::trial
{

/// Where the trials of a block stand when they reach the final network.
struct DescentStart
{
    at::Tensor latents;         ///< x: [trials × k]
    at::Tensor target_latents;  ///< x*: [trials × k], NaN where there is none
    Adam adam;
    std::int64_t iterations = 0;  ///< Adam steps already done on earlier networks
    /// Network evaluations that each trial may take on the final network, one or two more where a
    /// precision changes: [trials], int64; undefined if only the rule says.
    at::Tensor allowance = {};
};

/// How trials end that Adam has brought near.
struct Polishing
{
    PolishSettings polish;
    LmSettings lm;
};

/// The final network, exact and, with Precision::mixed, approximate as well: with approximate
/// matrix work, and with that for gradients alone. The last needs the one before.
struct FinalGenerators
{
    FinalGenerators(model::Evaluator& exactly, model::Evaluator* approximately = nullptr,
                    model::Evaluator* exactly_forward = nullptr)
        : exact(exactly), approximate(approximately), exact_forward(exactly_forward)
    {}

    model::Evaluator& exact;
    model::Evaluator* approximate;  ///< null if there is none
    /// Exact but for what it pulls back: ∇f is only nearly right. Null if there is none.
    model::Evaluator* exact_forward;
};

/// Adam on the final network until every trial meets the stop rule. Trials advance together as one
/// batch; those that end leave it at once. Gives the outcomes in the order of the rows, numbered
/// from 0. Throws Interrupted when asked to stop.
///
/// With an approximate network as well, each trial rides on that until it meets
/// approximate_rule(). Those that are on their way to f = 0 then follow the exact f by nearly right
/// gradients until they meet the rule, or f hardly falls: as the residual vanishes, so does the
/// error. All trials end on the exact network, by the rule itself. All that the outcomes say of f,
/// they say of the exact one's; iterations, evaluations and first hits count all networks.
std::vector<TrialOutcome> descend(FinalGenerators const& generators, Objective const& objective,
                                  DescentStart start, StopRule const& rule, Checkpoint& checkpoint);

/// As descend(), but by Levenberg–Marquardt from where Adam meets polish_rule(). Its steps count
/// as iterations, and as polish_iterations as well.
std::vector<TrialOutcome> descend_polished(FinalGenerators const& generators,
                                           Objective const& objective, DescentStart start,
                                           Polishing const& polishing, StopRule const& rule,
                                           Checkpoint& checkpoint);

/// The values of f at which the trials of an objective count as converged, whatever the method.
std::vector<double> goals_of(Objective const& objective, StopRule const& rule);

/// When a trial leaves Adam to be polished.
StopRule polish_rule(StopRule const& rule, PolishSettings const& polish);

/// What describes x̂ itself, computed afresh for all trials alike: f, pixel error, distance and
/// success, of outcomes that have their latents.
void describe_latents(model::Evaluator& generator, Objective const& objective,
                      at::Tensor const& target_latents, StopRule const& rule,
                      std::vector<TrialOutcome>& outcomes);

/// When a trial leaves the approximate network: when the approximation's error begins to show in f.
StopRule approximate_rule(StopRule const& rule);

}  // namespace surf::trial
