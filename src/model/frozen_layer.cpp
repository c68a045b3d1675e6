#include "model/frozen_layer.hpp"

#include <tuple>

#include "base/contract.hpp"
#include "model/packed.hpp"

namespace surf::model
{
namespace
{

constexpr std::int64_t kernel = 4;
constexpr std::int64_t stride = 2;
constexpr std::int64_t padding = 1;

/// A layer's weight and bias with batch norm folded in.
struct Folded
{
    at::Tensor weight;  ///< linear: [out × in]; conv_transpose: [in, out, 4, 4]
    at::Tensor bias;    ///< [out]
};

/// y = γ (Wx + b − mean) / √(variance + ε) + β is W′x + b′ with W scaled by unit or channel. The
/// units of a linear layer that makes an image are brought from (channel, row, column) to (row,
/// column, channel). The big weights are read and written once.
Folded fold(LayerSpec const& spec, Parameters const& parameters, at::Device device,
            at::ScalarType type)
{
    bool const linear = spec.kind == LayerKind::linear;
    std::int64_t const features = linear ? spec.output.size() : spec.output.channels;
    auto const vector = [&](char const* part) {
        return to_tensor(find_array(parameters, spec.name + part, {features}), at::kCPU,
                         at::kDouble);
    };
    at::Tensor scale = at::ones({features}, at::kDouble);
    at::Tensor bias = vector(".bias");
    if (spec.normalisation == Normalisation::batch)
    {
        scale = vector(".bn.gamma") / at::sqrt(vector(".bn.variance") + batch_norm_epsilon);
        bias = (bias - vector(".bn.mean")) * scale + vector(".bn.beta");
    }

    NamedArray const& stored = find_array(parameters, spec.name + ".weight", weight_shape(spec));
    at::Tensor const weight = view_of(stored);
    scale = scale.to(type == at::kDouble ? at::kDouble : at::kFloat);
    at::Tensor folded = at::empty(weight.sizes(), type);
    if (linear)
    {
        Shape const& out = spec.output;
        std::int64_t const pixels = out.height * out.width;
        auto const channels_last = [&](at::Tensor const& units) {
            return units.reshape({out.channels, pixels, -1}).transpose(0, 1);
        };
        at::Tensor by_pixel = folded.view({pixels, out.channels, spec.input.size()});
        at::mul_out(by_pixel, channels_last(weight), channels_last(scale));
        bias = channels_last(bias).reshape({features});
    }
    else
    {
        at::mul_out(folded, weight, scale.reshape({1, -1, 1, 1}));
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
    explicit ActivatedLayer(Activation activation) : activation_(activation)
    {
        EXPECT(activation != Activation::leaky_relu);  // a generator has none
    }

    at::Tensor forward(at::Tensor const& input) final
    {
        output_.reset();  // its memory serves again
        output_ = product(input);
        if (activation_ == Activation::sigmoid)
        {
            at::sigmoid_(output_);
        }
        return output_;
    }

    at::Tensor backward(at::Tensor gradient) final
    {
        EXPECT(output_.defined());
        gradient = gradient.to(output_.scalar_type());
        if (activation_ == Activation::relu)
        {
            at::threshold_backward_out(gradient, gradient, output_, 0);
        }
        else if (activation_ == Activation::sigmoid)
        {
            gradient = at::sigmoid_backward(gradient, output_);
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
        at::Tensor const slope = activation_ == Activation::relu
                                     ? output_.gt(0).to(value.scalar_type())
                                     : output_ * (1 - output_);
        return value.size(0) == output_.size(0) ? value.mul_(slope.unsqueeze(1))
                                                : value * slope.unsqueeze(1);
    }

    at::Tensor affine(at::Tensor const& maps) final
    {
        at::Tensor value = linear_rows(maps);
        value.select(1, -1).add_(bias_row());
        return value;
    }

  private:
    /// linear() of [batch × rows × in].
    at::Tensor linear_rows(at::Tensor const& input)
    {
        return linear(input.flatten(0, 1)).view({input.size(0), input.size(1), -1});
    }

    /// The value before a sigmoid, but behind a ReLU. Ours to change.
    virtual at::Tensor product(at::Tensor const& input) = 0;
    virtual at::Tensor product_backward(at::Tensor const& gradient) = 0;
    /// The product without bias and activation. Ours to change.
    virtual at::Tensor linear(at::Tensor const& input) = 0;
    /// The bias of each unit: [out].
    virtual at::Tensor bias_row() const = 0;

    Activation activation_;
    at::Tensor output_;  ///< of the last forward()
};

/// Used often enough, it has its weight laid out for this machine's matrix units, once for each
/// direction. So a network that trials only pass by costs neither the time nor the memory.
class LinearLayer final : public ActivatedLayer
{
  public:
    LinearLayer(Folded const& folded, Activation activation, at::ScalarType backward_type)
        : ActivatedLayer(activation),
          epilogue_(epilogue_of(activation)),
          bias_(folded.bias),
          forward_(folded.weight),
          backward_(folded.weight.t().to(backward_type))
    {}

  private:
    at::Tensor product(at::Tensor const& input) override
    {
        count_use();
        return forward_(input, bias_, epilogue_);
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

    Epilogue epilogue_;
    at::Tensor bias_;  ///< [out]
    LinearMap forward_;
    LinearMap backward_;  ///< shares forward_'s memory until they are packed
    std::int64_t uses_ = 0;
};

/// A transposed convolution to many channels: computed as what it is, the backward pass of a
/// convolution to its input, which oneDNN runs half as fast again as its own transposed one.
class UpsamplingLayer final : public ActivatedLayer
{
  public:
    UpsamplingLayer(LayerSpec const& spec, Folded const& folded, at::ScalarType backward_type)
        : ActivatedLayer(spec.activation),
          in_(spec.input),
          out_(spec.output),
          epilogue_(epilogue_of(spec.activation)),
          weight_(folded.weight.contiguous(at::MemoryFormat::ChannelsLast)),
          bias_(folded.bias),
          backward_(weight_.to(backward_type), {}, stride, padding, Epilogue::none)
    {}

  private:
    at::Tensor product(at::Tensor const& input) override
    {
        at::Tensor output = linear(input);
        at::Tensor pixels = output.view({-1, out_.channels});
        pixels.add_(bias_);
        apply(epilogue_, pixels);
        return output;
    }

    at::Tensor linear(at::Tensor const& input) override
    {
        std::int64_t const batch = input.size(0);
        at::Tensor const images = input.to(weight_.scalar_type())
                                      .view({batch, in_.height, in_.width, in_.channels})
                                      .permute({0, 3, 1, 2});
        // Only its shape matters: the input of the convolution that this is the backward pass of.
        at::Tensor const upsampled =
            at::empty({batch, out_.channels, out_.height, out_.width},
                      images.options().memory_format(at::MemoryFormat::ChannelsLast));
        return std::get<0>(at::convolution_backward(
                               images, upsampled, weight_, /*bias_sizes=*/std::nullopt,
                               {stride, stride}, {padding, padding}, /*dilation=*/{1, 1},
                               /*transposed=*/false, /*output_padding=*/{0, 0}, /*groups=*/1,
                               /*output_mask=*/{true, false, false}))
            .permute({0, 2, 3, 1})
            .contiguous()
            .view({batch, out_.size()});
    }

    at::Tensor bias_row() const override { return bias_.repeat({out_.height * out_.width}); }

    at::Tensor product_backward(at::Tensor const& gradient) override
    {
        std::int64_t const batch = gradient.size(0);
        return backward_(gradient.view({batch, out_.height, out_.width, out_.channels}))
            .view({batch, in_.size()});
    }

    Shape in_;
    Shape out_;
    Epilogue epilogue_;
    at::Tensor weight_;  ///< [in, out, 4, 4], channels last
    at::Tensor bias_;    ///< [out]
    PackedConvolution backward_;
};

/// A transposed convolution to the image's one channel: what each input pixel adds to its 4 × 4
/// output pixels, by one matrix product, then summed up. The sums are in float32 at least.
class ImageLayer final : public ActivatedLayer
{
  public:
    ImageLayer(LayerSpec const& spec, Folded const& folded, at::ScalarType backward_type)
        : ActivatedLayer(spec.activation),
          in_(spec.input),
          out_(spec.output),
          weight_(folded.weight.flatten(1).t().contiguous()),
          bias_(folded.bias.to(at::promote_types(folded.bias.scalar_type(), at::kFloat))),
          backward_(folded.weight.to(backward_type), {}, stride, padding, Epilogue::none)
    {
        EXPECT(out_.channels == 1 && spec.activation != Activation::relu);
    }

  private:
    at::Tensor product(at::Tensor const& input) override { return linear(input).add_(bias_); }

    at::Tensor linear(at::Tensor const& input) override
    {
        std::int64_t const batch = input.size(0);
        at::Tensor const pixels =
            input.to(weight_.scalar_type()).view({batch, in_.height * in_.width, in_.channels});
        at::Tensor const columns =
            at::matmul(weight_, pixels.transpose(1, 2)).to(bias_.scalar_type());
        return at::col2im(columns, {out_.height, out_.width}, {kernel, kernel}, {1, 1},
                          {padding, padding}, {stride, stride})
            .view({batch, out_.size()});
    }

    at::Tensor bias_row() const override { return bias_.expand({out_.size()}); }

    at::Tensor product_backward(at::Tensor const& gradient) override
    {
        std::int64_t const batch = gradient.size(0);
        return backward_(gradient.view({batch, out_.height, out_.width, 1}))
            .view({batch, in_.size()});
    }

    Shape in_;
    Shape out_;
    at::Tensor weight_;  ///< [16 × in channels]
    at::Tensor bias_;    ///< [1]
    PackedConvolution backward_;
};

}  // namespace

std::unique_ptr<FrozenLayer> freeze(LayerSpec const& spec, Parameters const& parameters,
                                    at::Device device, MatrixTypes types)
{
    EXPECT(spec.kind != LayerKind::conv);
    Folded const folded = fold(spec, parameters, device, types.forward);
    if (spec.kind == LayerKind::linear)
    {
        return std::make_unique<LinearLayer>(folded, spec.activation, types.backward);
    }
    if (spec.output.channels == 1)
    {
        return std::make_unique<ImageLayer>(spec, folded, types.backward);
    }
    return std::make_unique<UpsamplingLayer>(spec, folded, types.backward);
}

}  // namespace surf::model
