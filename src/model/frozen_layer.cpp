#include "model/frozen_layer.hpp"

#include <algorithm>

#include "base/contract.hpp"
#include "model/packed.hpp"

namespace surf::model
{
namespace
{

constexpr std::int64_t kernel = 4;
constexpr std::int64_t stride = 2;
constexpr std::int64_t padding = 1;

/// A layer's weight and bias with batch norm folded in, on the CPU.
struct Folded
{
    at::Tensor weight;  ///< linear: [out × in]; conv_transpose: [in, out, 4, 4]
    at::Tensor bias;    ///< [out]
};

/// y = γ (Wx + b − mean) / √(variance + ε) + β is W′x + b′ with W scaled by unit or channel. The
/// units of a linear layer that makes an image are brought from (channel, row, column) to (row,
/// column, channel). The big weights are read and written once.
Folded fold(LayerSpec const& spec, Parameters const& parameters, at::ScalarType type)
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
    return {folded, bias.to(type)};
}

/// A weight for the way back, [out × in] → [in × out]: in strips that stay in the cache, several
/// times as fast as in one go.
at::Tensor transposed(at::Tensor const& weight)
{
    constexpr std::int64_t strip = 64;
    std::int64_t const rows = weight.size(0);
    at::Tensor result = at::empty({weight.size(1), rows}, weight.options());
    for (std::int64_t first = 0; first < rows; first += strip)
    {
        std::int64_t const count = std::min(strip, rows - first);
        result.narrow(1, first, count).copy_(weight.narrow(0, first, count).t());
    }
    return result;
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

  private:
    /// The value before a sigmoid, but behind a ReLU. Ours to change.
    virtual at::Tensor product(at::Tensor const& input) = 0;
    virtual at::Tensor product_backward(at::Tensor const& gradient) = 0;

    Activation activation_;
    at::Tensor output_;  ///< of the last forward()
};

class LinearLayer final : public ActivatedLayer
{
  public:
    LinearLayer(Folded const& folded, Activation activation, at::Device device)
        : ActivatedLayer(activation),
          type_(folded.weight.scalar_type()),
          forward_(folded.weight.to(device), folded.bias.to(device), epilogue_of(activation)),
          backward_(transposed(folded.weight).to(device), {}, Epilogue::none)
    {}

  private:
    at::Tensor product(at::Tensor const& input) override { return forward_(input.to(type_)); }
    at::Tensor product_backward(at::Tensor const& gradient) override { return backward_(gradient); }

    at::ScalarType type_;
    PackedLinear forward_;
    PackedLinear backward_;
};

/// The 2 × 2 kernels of a 4 × 4 transposed convolution with stride 2 and padding 1, one for each
/// phase of the output: [in, out, 4, 4] → [2 · 2 · out, in, 2, 2].
///
/// Output row 2a − 1 + r, r = 0 or 1, sees input row a − 1 + u, u = 0 or 1, through kernel row
/// r + 2 − 2u; columns alike.
at::Tensor phase_kernels(at::Tensor const& weight)
{
    std::int64_t const in = weight.size(0);
    std::int64_t const out = weight.size(1);
    // [in, out, 1 − u, r, 1 − v, s] → [r, s, out, in, u, v]
    return weight.reshape({in, out, 2, 2, 2, 2})
        .flip({2, 4})
        .permute({3, 5, 1, 0, 2, 4})
        .reshape({4 * out, in, 2, 2});
}

/// A transposed convolution to many channels: one stride-1 convolution with 2 × 2 kernels gives all
/// four phases of the output, which are then put in their places.
class UpsamplingLayer final : public ActivatedLayer
{
  public:
    UpsamplingLayer(LayerSpec const& spec, Folded const& folded, at::Device device)
        : ActivatedLayer(spec.activation),
          in_(spec.input),
          out_(spec.output),
          type_(folded.weight.scalar_type()),
          forward_(phase_kernels(folded.weight).to(device), folded.bias.repeat(4).to(device), 1, 1,
                   epilogue_of(spec.activation)),
          backward_(folded.weight.to(device), {}, stride, padding, Epilogue::none)
    {}

  private:
    at::Tensor product(at::Tensor const& input) override
    {
        std::int64_t const batch = input.size(0);
        at::Tensor const phases =
            forward_(input.to(type_).view({batch, in_.height, in_.width, in_.channels}))
                .view({batch, in_.height + 1, in_.width + 1, 2, 2, out_.channels});
        at::Tensor output =
            at::empty({batch, in_.height, 2, in_.width, 2, out_.channels}, phases.options());
        // Output row 2p + q is phase r = 1 − q of position a = p + q.
        for (std::int64_t const q : {0, 1})
        {
            for (std::int64_t const w : {0, 1})
            {
                output.select(2, q).select(3, w).copy_(phases.narrow(1, q, in_.height)
                                                           .narrow(2, w, in_.width)
                                                           .select(3, 1 - q)
                                                           .select(3, 1 - w));
            }
        }
        return output.view({batch, out_.size()});
    }

    at::Tensor product_backward(at::Tensor const& gradient) override
    {
        std::int64_t const batch = gradient.size(0);
        return backward_(gradient.view({batch, out_.height, out_.width, out_.channels}))
            .view({batch, in_.size()});
    }

    Shape in_;
    Shape out_;
    at::ScalarType type_;
    PackedConvolution forward_;
    PackedConvolution backward_;
};

/// A transposed convolution to the image's one channel: what each input pixel adds to its 4 × 4
/// output pixels, by one matrix product, then summed up. The sums are in float32 at least.
class ImageLayer final : public ActivatedLayer
{
  public:
    ImageLayer(LayerSpec const& spec, Folded const& folded, at::Device device)
        : ActivatedLayer(spec.activation),
          in_(spec.input),
          out_(spec.output),
          weight_(folded.weight.flatten(1).t().contiguous().to(device)),
          bias_(folded.bias.to(device, at::promote_types(folded.bias.scalar_type(), at::kFloat))),
          backward_(folded.weight.to(device), {}, stride, padding, Epilogue::none)
    {
        EXPECT(out_.channels == 1 && spec.activation != Activation::relu);
    }

  private:
    at::Tensor product(at::Tensor const& input) override
    {
        std::int64_t const batch = input.size(0);
        at::Tensor const pixels =
            input.to(weight_.scalar_type()).view({batch, in_.height * in_.width, in_.channels});
        at::Tensor const columns =
            at::matmul(weight_, pixels.transpose(1, 2)).to(bias_.scalar_type());
        return at::col2im(columns, {out_.height, out_.width}, {kernel, kernel}, {1, 1},
                          {padding, padding}, {stride, stride})
            .add_(bias_)
            .view({batch, out_.size()});
    }

    at::Tensor product_backward(at::Tensor const& gradient) override
    {
        std::int64_t const batch = gradient.size(0);
        return backward_(
                   gradient.to(weight_.scalar_type()).view({batch, out_.height, out_.width, 1}))
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
                                    at::Device device, at::ScalarType type)
{
    EXPECT(spec.kind != LayerKind::conv);
    Folded const folded = fold(spec, parameters, type);
    if (spec.kind == LayerKind::linear)
    {
        return std::make_unique<LinearLayer>(folded, spec.activation, device);
    }
    if (spec.output.channels == 1)
    {
        return std::make_unique<ImageLayer>(spec, folded, device);
    }
    return std::make_unique<UpsamplingLayer>(spec, folded, device);
}

}  // namespace surf::model
