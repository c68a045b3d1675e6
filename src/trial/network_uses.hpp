#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "model/evaluator.hpp"
#include "trial/host_values.hpp"
#include "trial/tensor_table.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// How often a loop's network was used, as part of the loop's state: a network that is made again
/// then gives the same bits as the one that was there.
class NetworkUses
{
  public:
    TensorRefs tensors() { return {&uses_}; }

    void note(model::Evaluator const& network) { uses_ = at::tensor(network.uses(), at::kLong); }
    /// The network is left.
    void clear() { uses_ = none(); }
    /// Makes a network that takes the place of the noted one as used as that was.
    void pass_to(model::Evaluator& network)
    {
        if (uses_.size(0) > 0)
        {
            network.set_uses(host_values<std::int64_t>(uses_));
        }
        clear();
    }

  private:
    static at::Tensor none() { return at::empty({0}, at::kLong); }

    at::Tensor uses_ = none();
};

}  // namespace surf::trial
