#pragma once

#include <ATen/ATen.h>

#include <memory>

#include "model/network.hpp"

namespace surf::model
{

/// A layer of a frozen generator: batch norm folded into the weights, images channels last.
class FrozenLayer
{
  public:
    virtual ~FrozenLayer() = default;

    /// [batch × in] → [batch × out], behind the activation.
    virtual at::Tensor forward(at::Tensor const& input) = 0;
    /// From the gradient behind the layer at the last forward() to the one before it:
    /// [batch × out] → [batch × in]. May overwrite the gradient.
    virtual at::Tensor backward(at::Tensor gradient) = 0;
};

/// The layer that a network's spec and parameters describe, its matrix work in precision `type`.
/// Throws FileError if the parameters do not fit the spec.
std::unique_ptr<FrozenLayer> freeze(LayerSpec const& spec, Parameters const& parameters,
                                    at::Device device, at::ScalarType type);

}  // namespace surf::model
