#include "model/frozen_layer.hpp"

#include "base/contract.hpp"
#include "model/packed.hpp"

namespace surf::model
{
namespace
{

/// Transposed convolutions to so few channels are computed by one matrix product and a sum.
constexpr std::int64_t few_channels = 4;

/// A layer's weight and bias with batch norm folded in.
struct Folded
{
    at::Tensor weight;  ///< in the layout of torch.nn; undefined where there is none
    at::Tensor bias;    ///< [features]
};

/// What batch norm and bias make of a product p: scale · p + shift, both [features].
struct Affine
{
    at::Tensor scale;
    at::Tensor shift;
};

/// A linear layer normalises each unit, all others each channel.
std::int64_t feature_count(LayerSpec const& spec)
{
    return spec.kind == LayerKind::linear ? spec.output.size() : spec.output.channels;
}

/// In float64, on the CPU.
Affine affine_of(LayerSpec const& spec, Parameters const& parameters)
{
    std::int64_t const features = feature_count(spec);
    auto const vector = [&](std::string const& name) {
        return to_tensor(find_array(parameters, name, {features}), at::kCPU, at::kDouble);
    };
    at::Tensor scale = at::ones({features}, at::kDouble);
    at::Tensor shift = spec.bias == Bias::trained ? vector(spec.name + ".bias")
                                                  : at::zeros({features}, at::kDouble);
    if (spec.batch_norm)
    {
        std::string const& name = spec.batch_norm->name;
        scale = vector(name + ".weight") /
                at::sqrt(vector(name + ".running_var") + spec.batch_norm->epsilon);
        shift = (shift - vector(name + ".running_mean")) * scale + vector(name + ".bias");
    }
    return {scale, shift};
}

/// y = scale · Wx + shift is W′x + b′ with W scaled by unit or channel. Units of a linear layer
/// that takes or makes an image are brought from the order (channel, row, column) to (row, column,
/// channel). The big weights are read and written once.
Folded fold(LayerSpec const& spec, Parameters const& parameters, at::Device device,
            at::ScalarType type)
{
    auto [scale, bias] = affine_of(spec, parameters);
    at::Tensor const weight =
        view_of(find_array(parameters, spec.name + ".weight", weight_shape(spec)));
    scale = scale.to(type == at::kDouble ? at::kDouble : at::kFloat);
    at::Tensor folded = at::empty(weight.sizes(), type);
    if (spec.kind == LayerKind::linear)
    {
        Shape const& in = spec.input;
        Shape const& out = spec.output;
        std::int64_t const in_pixels = in.height * in.width;
        std::int64_t const out_pixels = out.height * out.width;
        at::Tensor by_pixel = folded.view({out_pixels, out.channels, in_pixels, in.channels});
        at::mul_out(
            by_pixel,
            weight.view({out.channels, out_pixels, in.channels, in_pixels}).permute({1, 0, 3, 2}),
            scale.view({out.channels, out_pixels, 1, 1}).transpose(0, 1));
        bias = bias.view({out.channels, out_pixels}).t().reshape({-1});
    }
    else
    {
        bool const forward = spec.kind == LayerKind::conv;
        at::mul_out(folded, weight, forward ? scale.view({-1, 1, 1, 1}) : scale.view({-1, 1, 1}));
    }
    return {folded.to(device), bias.to(device, type)};
}

Epilogue epilogue_of(Activation activation)
{
    return activation == Activation::relu ? Epilogue::relu : Epilogue::none;
}

/// What activations have in common, whatever computes the value that they act on.
class ActivatedLayer : public FrozenLayer
{
  public:
    explicit ActivatedLayer(LayerSpec const& spec)
        : activation_(spec.activation), slope_(spec.slope)
    {}

    at::Tensor forward(at::Tensor const& input) final
    {
        output_.reset();  // its memory serves again
        output_ = product(input);
        switch (activation_)
        {
            case Activation::none:
            case Activation::relu:  // the product's epilogue
                break;
            case Activation::leaky_relu:
                at::leaky_relu_(output_, slope_);
                break;
            case Activation::tanh:
                at::tanh_(output_);
                break;
            case Activation::sigmoid:
                at::sigmoid_(output_);
                break;
        }
        return output_;
    }

    at::Tensor backward(at::Tensor gradient) final
    {
        EXPECT(output_.defined());
        gradient = gradient.to(output_.scalar_type());
        switch (activation_)
        {
            case Activation::none:
                break;
            case Activation::relu:
                at::threshold_backward_out(gradient, gradient, output_, 0);
                break;
            case Activation::leaky_relu:
                gradient = at::leaky_relu_backward(gradient, output_, slope_,
                                                   /*self_is_result=*/true);
                break;
            case Activation::tanh:
                gradient = at::tanh_backward(gradient, output_);
                break;
            case Activation::sigmoid:
                gradient = at::sigmoid_backward(gradient, output_);
                break;
        }
        return product_backward(gradient);
    }

    at::Tensor tangents(at::Tensor const& input) final
    {
        EXPECT(output_.defined());
        at::Tensor value = linear_rows(input);
        if (activation_ == Activation::none)
        {
            return value.expand({output_.size(0), -1, -1});
        }
        at::Tensor const slope = slopes(value.scalar_type()).unsqueeze(1);
        return value.size(0) == output_.size(0) ? value.mul_(slope) : value * slope;
    }

    at::Tensor affine(at::Tensor const& maps) final
    {
        at::Tensor value = linear_rows(maps);
        value.select(1, -1).add_(bias_row());
        return value;
    }

  protected:
    Epilogue epilogue() const { return epilogue_of(activation_); }

  private:
    /// The activation's derivative at the last forward(): [batch × out].
    at::Tensor slopes(at::ScalarType type) const
    {
        switch (activation_)
        {
            case Activation::none:
                break;
            case Activation::relu:
                return output_.gt(0).to(type);
            case Activation::leaky_relu:
                return output_.gt(0).to(type).mul_(1 - slope_).add_(slope_);
            case Activation::tanh:
                return 1 - output_ * output_;
            case Activation::sigmoid:
                return output_ * (1 - output_);
        }
        return at::ones_like(output_);
    }

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

/// Used often enough, it has its weight laid out for this machine's matrix units, once for each
/// direction. So a network that trials only pass by costs neither the time nor the memory.
class LinearLayer final : public ActivatedLayer
{
  public:
    /// `folded.weight` is [out × in], both in the order of units here; `folded.bias` is [out].
    LinearLayer(LayerSpec const& spec, Folded const& folded, at::ScalarType backward_type)
        : ActivatedLayer(spec),
          bias_(folded.bias),
          forward_(folded.weight),
          backward_(folded.weight.t().to(backward_type))
    {}

  private:
    at::Tensor product(at::Tensor const& input) override
    {
        count_use();
        return forward_(input, bias_, epilogue());
    }
    at::Tensor product_backward(at::Tensor const& gradient) override { return backward_(gradient); }
    at::Tensor linear(at::Tensor const& input) override
    {
        count_use();
        return forward_(input);
    }
    void count_use()
    {
        if (uses_++ == uses_before_packing)
        {
            forward_.pack();
            backward_.pack();
        }
    }
    at::Tensor bias_row() const override { return bias_; }

    at::Tensor bias_;  ///< [out]
    LinearMap forward_;
    LinearMap backward_;  ///< shares forward_'s memory until they are packed
    std::int64_t uses_ = 0;
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

class ConvolutionLayer final : public ImagesLayer
{
  public:
    ConvolutionLayer(LayerSpec const& spec, Folded const& folded, at::ScalarType backward_type)
        : ImagesLayer(spec, folded.bias),
          forward_(folded.weight, spec.stride, spec.padding),
          backward_(folded.weight.to(backward_type), spec.stride, spec.padding, spec.input)
    {}

  private:
    at::Tensor product(at::Tensor const& input) override
    {
        return as_rows(forward_(as_input(input), bias(), epilogue()));
    }
    at::Tensor linear(at::Tensor const& input) override
    {
        return as_rows(forward_(as_input(input)));
    }
    at::Tensor product_backward(at::Tensor const& gradient) override
    {
        return as_rows(backward_(as_output(gradient)));
    }

    PackedConvolution forward_;
    TransposedConvolution backward_;
};

/// A transposed convolution: the other way round.
class TransposedLayer final : public ImagesLayer
{
  public:
    TransposedLayer(LayerSpec const& spec, Folded const& folded, at::ScalarType backward_type)
        : ImagesLayer(spec, folded.bias),
          forward_(folded.weight, spec.stride, spec.padding, spec.output),
          backward_(folded.weight.to(backward_type), spec.stride, spec.padding)
    {}

  private:
    at::Tensor product(at::Tensor const& input) override { return finish(linear(input)); }
    at::Tensor linear(at::Tensor const& input) override
    {
        return as_rows(forward_(as_input(input)));
    }
    at::Tensor product_backward(at::Tensor const& gradient) override
    {
        return as_rows(backward_(as_output(gradient)));
    }

    TransposedConvolution forward_;
    PackedConvolution backward_;
};

/// A transposed convolution to few channels: what each input pixel adds to its window of output
/// pixels, by one matrix product, then summed up. The sums are in float32 at least.
class FewChannelsLayer final : public ImagesLayer
{
  public:
    FewChannelsLayer(LayerSpec const& spec, Folded const& folded, at::ScalarType backward_type)
        : ImagesLayer(spec,
                      folded.bias.to(at::promote_types(folded.bias.scalar_type(), at::kFloat))),
          kernel_(spec.kernel),
          stride_(spec.stride),
          padding_(spec.padding),
          weight_(folded.weight.flatten(1).t().contiguous()),
          backward_(folded.weight.to(backward_type), spec.stride, spec.padding)
    {}

  private:
    at::Tensor product(at::Tensor const& input) override { return finish(linear(input)); }

    at::Tensor linear(at::Tensor const& input) override
    {
        at::Tensor const pixels = as_input(input.to(weight_.scalar_type())).flatten(1, 2);
        at::Tensor const columns =
            at::matmul(weight_, pixels.transpose(1, 2)).to(bias().scalar_type());
        at::Tensor const images =
            at::col2im(columns, {out().height, out().width}, {kernel_, kernel_}, {1, 1},
                       {padding_, padding_}, {stride_, stride_});
        return as_rows(images.permute({0, 2, 3, 1}).contiguous());
    }

    at::Tensor product_backward(at::Tensor const& gradient) override
    {
        return as_rows(backward_(as_output(gradient)));
    }

    std::int64_t kernel_;
    std::int64_t stride_;
    std::int64_t padding_;
    at::Tensor weight_;  ///< [out channels · kernel² × in channels]
    PackedConvolution backward_;
};

/// A layer without weights, which moves numbers: their new places, and what batch norm makes of
/// them there.
class MovingLayer : public ImagesLayer
{
  protected:
    MovingLayer(LayerSpec const& spec, Affine const& affine, at::TensorOptions const& options)
        : ImagesLayer(spec, affine.shift.to(options)), normalised_(spec.batch_norm.has_value())
    {
        if (normalised_)
        {
            scale_ = affine.scale.to(options);
        }
    }

  private:
    /// [batch, height, width, channels] → the same of the output; may share memory.
    virtual at::Tensor move(at::Tensor const& images) const = 0;
    /// The transpose of move().
    virtual at::Tensor move_back(at::Tensor const& gradient) const = 0;

    at::Tensor product(at::Tensor const& input) final
    {
        at::Tensor value = linear(input);
        if (normalised_)
        {
            return finish(value);
        }
        apply(epilogue(), value);
        return value;
    }
    at::Tensor linear(at::Tensor const& input) final
    {
        at::Tensor const moved = move(as_input(input));
        at::Tensor const value = (normalised_ ? moved * scale_ : moved).contiguous();
        return as_rows(value.is_alias_of(input) ? value.clone() : value);
    }
    at::Tensor product_backward(at::Tensor const& gradient) final
    {
        at::Tensor const images = as_output(gradient);
        return as_rows(move_back(normalised_ ? images * scale_ : images).contiguous());
    }

    bool normalised_;
    at::Tensor scale_;  ///< [out channels]
};

/// Nearest-neighbour upsampling.
class UpsampleLayer final : public MovingLayer
{
  public:
    UpsampleLayer(LayerSpec const& spec, Affine const& affine, at::TensorOptions const& options)
        : MovingLayer(spec, affine, options), factor_(spec.stride)
    {}

  private:
    at::Tensor move(at::Tensor const& images) const override
    {
        return images.repeat_interleave(factor_, 1).repeat_interleave(factor_, 2);
    }
    at::Tensor move_back(at::Tensor const& gradient) const override
    {
        return gradient.view({-1, in().height, factor_, in().width, factor_, in().channels})
            .sum({2, 4});
    }

    std::int64_t factor_;
};

/// A reshape that no linear layer beside it could take in.
class ReshapeLayer final : public MovingLayer
{
  public:
    ReshapeLayer(LayerSpec const& spec, Affine const& affine, at::TensorOptions const& options)
        : MovingLayer(spec, affine, options)
    {}

  private:
    static at::Tensor reshaped(at::Tensor const& images, Shape const& shape)
    {
        return images.permute({0, 3, 1, 2})
            .reshape({-1, shape.channels, shape.height, shape.width})
            .permute({0, 2, 3, 1});
    }
    at::Tensor move(at::Tensor const& images) const override { return reshaped(images, out()); }
    at::Tensor move_back(at::Tensor const& gradient) const override
    {
        return reshaped(gradient, in());
    }
};

/// A transposed convolution of one pixel is a linear layer whose units make an image.
bool is_dense(LayerSpec const& spec)
{
    return spec.kind == LayerKind::conv_transpose && spec.input.is_vector() && spec.padding == 0 &&
           spec.output.height == spec.kernel && spec.output.width == spec.kernel;
}

Folded as_dense(Folded const& folded)
{
    std::int64_t const pixels = folded.weight.size(2) * folded.weight.size(3);
    return {folded.weight.permute({2, 3, 1, 0}).flatten(0, 2).contiguous(),
            folded.bias.repeat({pixels})};
}

}  // namespace

std::unique_ptr<FrozenLayer> freeze(LayerSpec const& spec, Parameters const& parameters,
                                    at::Device device, MatrixTypes types)
{
    if (!has_weight(spec))
    {
        Affine const affine = affine_of(spec, parameters);
        auto const options = at::device(device).dtype(types.forward);
        if (spec.kind == LayerKind::upsample)
        {
            return std::make_unique<UpsampleLayer>(spec, affine, options);
        }
        return std::make_unique<ReshapeLayer>(spec, affine, options);
    }
    Folded const folded = fold(spec, parameters, device, types.forward);
    if (spec.kind == LayerKind::linear)
    {
        return std::make_unique<LinearLayer>(spec, folded, types.backward);
    }
    if (spec.kind == LayerKind::conv)
    {
        return std::make_unique<ConvolutionLayer>(spec, folded, types.backward);
    }
    if (is_dense(spec))
    {
        return std::make_unique<LinearLayer>(spec, as_dense(folded), types.backward);
    }
    if (spec.output.channels <= few_channels && spec.stride > 1)
    {
        return std::make_unique<FewChannelsLayer>(spec, folded, types.backward);
    }
    return std::make_unique<TransposedLayer>(spec, folded, types.backward);
}

}  // namespace surf::model
