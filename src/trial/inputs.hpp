#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "base/random.hpp"
#include "data/images.hpp"
#include "spec/cell.hpp"
#include "trial/measurement_operator.hpp"

namespace surf::trial
{

/// What the trials of a block start from, drawn from each trial's own streams (CPU, float32).
struct TrialInputs
{
    at::Tensor
        target_latent;  ///< x*, target_scale · one of the prior: [trials × k]; NaN if there is none
    at::Tensor target_image;    ///< y of a task without x*: [trials × n]; otherwise undefined
    at::Tensor initial_latent;  ///< x_init, from the generator's prior: [trials × k]
    MeasurementOperator measured_by;  ///< A
    at::Tensor noise;                 ///< N(0, σ²): [trials × m]; undefined if σ = 0
};

/// Trials first … first + count − 1 of a cell. `images` are those to approximate: only a task
/// without x* needs them. Throws InputError if they are not of the shape that the generator makes.
TrialInputs draw_inputs(CellSpec const& cell, std::int64_t first, std::int64_t count,
                        data::TestImages const* images = nullptr);

/// Where the trials of a block start again, each from its own stream.
class RestartLatents
{
  public:
    RestartLatents(CellSpec const& cell, std::int64_t first, std::int64_t count);

    /// The next start of the trials in these rows, from the generator's prior: [rows × k] (CPU,
    /// float32).
    at::Tensor next(std::vector<std::int64_t> const& rows);

  private:
    std::int64_t latent_dim_;
    Prior prior_;
    std::vector<RandomStream> streams_;
};

}  // namespace surf::trial
