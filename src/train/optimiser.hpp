#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "base/named_array.hpp"
#include "train/spec.hpp"

namespace surf::train
{

/// Adam (Kingma & Ba 2015) for network weights, through LibTorch's fused kernel.
class FusedAdam
{
  public:
    /// For these tensors, at step 0.
    FusedAdam(std::vector<at::Tensor> tensors, Hyperparameters const& hyper, double rate);

    void zero_gradients();
    /// Moves the tensors by the gradients that backward() left in them.
    void step();

    /// Moments and step count, named "<prefix>.<index>.<part>".
    void append_state(std::string const& prefix, Parameters& arrays) const;
    /// Throws FileError naming the array that is missing or has another shape.
    void restore(std::string const& prefix, Parameters const& arrays);

  private:
    std::vector<at::Tensor> tensors_;
    std::vector<at::Tensor> first_moments_;
    std::vector<at::Tensor> second_moments_;
    std::vector<at::Tensor> steps_;  ///< one-element tensors: what the fused kernel takes
    Hyperparameters hyper_;
    double rate_;
};

}  // namespace surf::train
