#pragma once

#include <memory>
#include <vector>

#include "model/evaluator.hpp"
#include "model/frozen_layer.hpp"

namespace surf::model
{

/// A trained generator made ready for trials: batch norm folded into the weights, images
/// channels last, gradients to x alone, written out by hand without autograd.
///
/// Supports linear and conv_transpose layers with none, relu or sigmoid activation. Equal to
/// ReferenceEvaluator up to rounding.
class FrozenGenerator final : public Evaluator
{
  public:
    /// `types` are the precisions of the matrix work. Latents, images and gradients are float32 if
    /// the forward one is bfloat16, and of that type otherwise; the first layer, which sees the
    /// latents, as well. Throws FileError if `parameters` do not fit the spec.
    FrozenGenerator(NetworkSpec const& spec, Parameters const& parameters, at::Device device,
                    MatrixTypes types = at::kFloat);

    at::Tensor forward(at::Tensor const& latents) override;
    at::Tensor backward(at::Tensor const& gradient) override;
    at::Tensor jacobian() override;

    std::size_t depth() const { return layers_.size(); }
    /// Of the last layer; those of all others are ReLU.
    Activation output_activation() const { return output_activation_; }
    /// Device and precision of latents, images and maps.
    at::TensorOptions options() const { return at::device(device_).dtype(value_type_); }
    /// From affine maps of x before a layer to those before its activation. The rows of a map are
    /// J's columns and, last, c of Jx + c: [maps × (k + 1) × in] → [maps × (k + 1) × out]. Units of
    /// images are in the order (row, column, channel).
    at::Tensor affine(std::size_t layer, at::Tensor const& maps);

  private:
    std::int64_t latent_dim_;
    at::Device device_;
    Activation output_activation_;
    at::ScalarType value_type_;  ///< of latents, images and gradients
    std::vector<std::unique_ptr<FrozenLayer>> layers_;
};

}  // namespace surf::model
