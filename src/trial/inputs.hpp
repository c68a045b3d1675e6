#pragma once

#include <ATen/ATen.h>

#include "trial/spec.hpp"

namespace surf::trial
{

/// What the trials of a block start from, drawn from each trial's own streams (CPU, float32).
struct TrialInputs
{
    at::Tensor target_latent;   ///< x*, uniform on [−1, 1]^k: [trials × k]
    at::Tensor initial_latent;  ///< x_init, uniform on [−1, 1]^k: [trials × k]
    at::Tensor measurement;     ///< A, entries N(0, 1/m): [trials × m × n]; undefined if A = I
};

/// Trials first … first + count − 1 of a problem.
TrialInputs draw_inputs(Problem const& problem, std::int64_t first, std::int64_t count);

}  // namespace surf::trial
