#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "model/evaluator.hpp"
#include "model/frozen_layer.hpp"

namespace surf::model
{

/// A trained generator made ready for trials: batch norm folded into the weights, images
/// channels last, gradients to x alone, written out by hand without autograd.
///
/// Equal to ReferenceEvaluator up to rounding.
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
    at::Tensor jacobian_of(at::Tensor const& rows) override;
    /// In one pass, which reads each weight once: at small batches that is what a pass costs.
    Linearised linearise(at::Tensor const& latents, at::Tensor const& rows) override;

    std::vector<std::int64_t> uses() const override;
    void set_uses(std::vector<std::int64_t> const& uses) override;

    std::size_t depth() const { return layers_.size(); }
    /// Of the last layer.
    Activation output_activation() const { return activations_.back().kind; }
    /// What a hidden layer's activation multiplies negative numbers by: 0 for ReLU, 1 where there
    /// is none. Of piecewise linear networks (is_piecewise_linear()) only.
    double inactive_slope(std::size_t layer) const;
    /// Device and precision of latents, images and maps.
    at::TensorOptions options() const { return at::device(device_).dtype(value_type_); }
    /// From affine maps of x before a layer to those before its activation. The rows of a map are
    /// J's columns and, last, c of Jx + c: [maps × (k + 1) × in] → [maps × (k + 1) × out]. Units of
    /// images are in the order (row, column, channel), those of the last layer in the image's own.
    at::Tensor affine(std::size_t layer, at::Tensor const& maps);

  private:
    /// The tangents of all latents: [1 × k × k].
    at::Tensor directions() const { return at::eye(latent_dim_, options()).unsqueeze(0); }
    at::Tensor jacobian_at(std::optional<at::Tensor> const& rows);
    /// Rows of image numbers from the layers' order (row, column, channel) to (channel, row,
    /// column), over the last dimension.
    at::Tensor channels_first(at::Tensor const& rows) const;
    /// The other way round: [batch × n].
    at::Tensor channels_last(at::Tensor const& rows) const;
    /// Whether the two orders differ.
    bool reorders() const { return image_.channels > 1 && image_.height * image_.width > 1; }

    std::int64_t latent_dim_;
    at::Device device_;
    at::ScalarType value_type_;  ///< of latents, images and gradients
    Shape image_;
    struct LayerActivation
    {
        Activation kind;
        double slope;
    };
    std::vector<LayerActivation> activations_;
    std::vector<std::unique_ptr<FrozenLayer>> layers_;
};

}  // namespace surf::model
