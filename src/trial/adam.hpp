#pragma once

#include <ATen/ATen.h>

#include "spec/cell.hpp"
#include "trial/tensor_table.hpp"

namespace surf::trial
{

/// Adam (Kingma & Ba 2015, algorithm 1) on the latents of a batch of trials, each at a step of its
/// own.
class Adam
{
  public:
    /// For latents shaped like `latents`, [trials × k], all at step 0.
    Adam(AdamSettings settings, at::Tensor const& latents);

    /// Moves the latents one step against the gradient.
    void step(at::Tensor& latents, at::Tensor const& gradient);
    /// Forgets moments and step counts.
    void reset();
    /// All that steps change, a row a trial.
    TensorRefs tensors() { return {&steps_, &first_moment_, &second_moment_}; }

  private:
    AdamSettings settings_;
    at::Tensor steps_;  ///< [trials × 1]
    at::Tensor first_moment_;
    at::Tensor second_moment_;
};

}  // namespace surf::trial
