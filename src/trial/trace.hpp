#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "trial/engine.hpp"

namespace surf::trial
{

/// Where a trial was before its steps, thinned out evenly, the first and the last among them; x̂ is
/// the last one of a trial with a single start.
struct Path
{
    /// Network evaluations done before; what an earlier start spent behind its last step is left
    /// out.
    std::vector<std::int64_t> evaluations;
    std::vector<std::int64_t> start;     ///< number of the start, from 0
    std::vector<std::int64_t> snapshot;  ///< the network that it moved on
    at::Tensor latents;                  ///< x: [points × k] (CPU, float32)
    std::vector<double> objective;       ///< f(x) on the final network
    std::vector<double> distance;        ///< ‖x − x*‖; NaN where there is no x*
};

/// One trial and all that led to its outcome (tensors on the CPU, float32).
struct TrialTrace
{
    TrialOutcome outcome;
    at::Tensor target_latent;            ///< x*: [k]; NaN where there is none
    at::Tensor initial_latent;           ///< x_init: [k]
    at::Tensor target_image;             ///< y: [n]
    at::Tensor measured;                 ///< b = Ay + noise: [m]
    at::Tensor back_projection;          ///< Aᵀb: [n]
    at::Tensor reconstruction;           ///< G(x̂): [n]
    at::Tensor measured_reconstruction;  ///< AG(x̂): [m]
    Path path;
};

/// Computes a block as run_block() does, bit for bit, and watches the trial in this row. Throws as
/// run_block().
///
/// A trial cannot be computed without its block: how matrix products round depends on the batch,
/// and a search may end elsewhere for it.
TrialTrace trace_trial(BlockSpec const& block, std::int64_t row, BlockSources const& sources,
                       at::Device device, EvaluatorFactory const& evaluators,
                       Checkpoint& checkpoint, std::int64_t most_points);

}  // namespace surf::trial
