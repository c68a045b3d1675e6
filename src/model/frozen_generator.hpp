#pragma once

#include <vector>

#include "model/evaluator.hpp"

namespace surf::model
{

/// A generator made ready for trials: batch norm folded into the weights, images channels-last,
/// gradients to x alone, written out by hand without autograd.
///
/// Supports linear and conv_transpose layers with none, relu or sigmoid activation. Equal to
/// ReferenceEvaluator up to rounding.
class FrozenGenerator final : public Evaluator
{
  public:
    /// Throws FileError if `parameters` do not fit the spec.
    FrozenGenerator(NetworkSpec spec, Parameters const& parameters, at::Device device,
                    at::ScalarType type = at::kFloat);

    at::Tensor forward(at::Tensor const& latents) override;
    at::Tensor backward(at::Tensor const& gradient) override;

  private:
    struct Layer
    {
        at::Tensor weight;  ///< linear: [out × in]; conv_transpose: [in, out, 4, 4] channels-last
        at::Tensor bias;
        at::Tensor output;  ///< after the activation, of the last forward()
    };

    NetworkSpec spec_;
    std::vector<Layer> layers_;
};

}  // namespace surf::model
