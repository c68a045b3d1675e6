#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "model/evaluator.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"
#include "trial/checkpoint.hpp"
#include "trial/first_hits.hpp"
#include "trial/levenberg_marquardt.hpp"

namespace surf::trial
{

/// Trials on their way to the final network of Levenberg–Marquardt.
struct LmStart
{
    LevenbergMarquardt search;
    at::Tensor target_latents;  ///< x*: [trials × k], NaN where there is none
    /// Network evaluations on all networks at which a trial ends: with the step that reaches them,
    /// or before a Jacobian that would. [trials], int64; undefined if only the settings say.
    at::Tensor limits = {};
    FirstHits hits = {};  ///< of an earlier search on this network; undefined if there was none
};

/// Levenberg–Marquardt on the final network until every trial ends as LmSettings says. Trials
/// advance together as one batch; those that end leave it at once. Gives the outcomes in the order
/// of the rows, numbered from 0. Throws Interrupted when asked to stop.
std::vector<TrialOutcome> descend_by_lm(model::Evaluator& generator, LmStart start,
                                        LmSettings const& settings, StopRule const& rule,
                                        Checkpoint& checkpoint);

}  // namespace surf::trial
