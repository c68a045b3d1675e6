#pragma once

#include <ATen/ATen.h>

#include <utility>

#include "model/frozen_layer.hpp"
#include "model/packed.hpp"

/// For the sources of this folder only.
namespace surf::model
{

/// What activations have in common, whatever computes the value that they act on.
class ActivatedLayer : public FrozenLayer
{
  public:
    explicit ActivatedLayer(LayerSpec const& spec)
        : activation_(spec.activation), slope_(spec.slope)
    {}

    at::Tensor forward(at::Tensor const& input) final;

    at::Tensor backward(at::Tensor gradient) final;

    at::Tensor tangents(at::Tensor const& input, std::optional<at::Tensor> const& rows) final;

    ValueAndTangents forward_with_tangents(ValueAndTangents const& input,
                                           at::Tensor const& rows) final;

    at::Tensor affine(at::Tensor const& maps) final;

  protected:
    Epilogue epilogue() const
    {
        return activation_ == Activation::relu ? Epilogue::relu : Epilogue::none;
    }

  private:
    /// Does the activation in place; a ReLU only if the product has not done it.
    void activate(at::Tensor& value, bool relu_is_done) const;
    /// The activation's derivative where it gave these outputs.
    at::Tensor slopes(at::Tensor const& outputs, at::ScalarType type) const;
    /// Through the activation at these outputs, [rows × out]: [1 or rows × tangents × out] →
    /// [rows × tangents × out]. May overwrite the tangents.
    at::Tensor bend(at::Tensor tangents, at::Tensor const& outputs) const;

    /// linear() of [batch × rows × in].
    at::Tensor linear_rows(at::Tensor const& input)
    {
        return linear(input.flatten(0, 1)).view({input.size(0), input.size(1), -1});
    }

    /// The value before the activation, but behind a ReLU. Ours to change.
    virtual at::Tensor product(at::Tensor const& input) = 0;
    virtual at::Tensor product_backward(at::Tensor const& gradient) = 0;
    /// The product without bias and activation. Ours to change.
    virtual at::Tensor linear(at::Tensor const& input) = 0;
    /// The bias of each unit: [out].
    virtual at::Tensor bias_row() const = 0;

    Activation activation_;
    double slope_;
    at::Tensor output_;  ///< of the last forward()
};

/// What layers have in common that go from image to image, a bias for each channel.
class ImagesLayer : public ActivatedLayer
{
  protected:
    ImagesLayer(LayerSpec const& spec, at::Tensor bias)
        : ActivatedLayer(spec), in_(spec.input), out_(spec.output), bias_(std::move(bias))
    {}

    at::Tensor as_input(at::Tensor const& rows) const { return as_images(rows, in_); }
    at::Tensor as_output(at::Tensor const& rows) const { return as_images(rows, out_); }
    static at::Tensor as_rows(at::Tensor const& images) { return images.flatten(1); }

    /// Adds the bias and does the epilogue, in place.
    at::Tensor finish(at::Tensor value) const
    {
        at::Tensor pixels = value.view({-1, out_.channels});
        pixels.add_(bias_);
        apply(epilogue(), pixels);
        return value;
    }

    Shape const& in() const { return in_; }
    Shape const& out() const { return out_; }
    at::Tensor const& bias() const { return bias_; }

  private:
    static at::Tensor as_images(at::Tensor const& rows, Shape const& shape)
    {
        return rows.view({rows.size(0), shape.height, shape.width, shape.channels});
    }

    at::Tensor bias_row() const final { return bias_.repeat({out_.height * out_.width}); }

    Shape in_;
    Shape out_;
    at::Tensor bias_;  ///< [out channels]
};

}  // namespace surf::model
