#pragma once

#include <ATen/ATen.h>

#include "trial/spec.hpp"

namespace surf::trial
{

/// Adam (Kingma & Ba 2015, algorithm 1) on the latents of a batch of trials, all at the same step.
class Adam
{
  public:
    /// For latents shaped like `latents`, [trials × k].
    Adam(AdamSettings settings, at::Tensor const& latents);

    /// Moves the latents one step against the gradient.
    void step(at::Tensor& latents, at::Tensor const& gradient);
    /// Forgets moments and step count.
    void reset();
    /// Keeps only the trials in these rows (int64).
    void select(at::Tensor const& rows);

  private:
    AdamSettings settings_;
    std::int64_t steps_ = 0;
    at::Tensor first_moment_;
    at::Tensor second_moment_;
};

}  // namespace surf::trial
