#include "model/frozen_layer.hpp"

#include "model/activated_layer.hpp"
#include "model/moving_layer.hpp"
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

    std::int64_t uses() const override { return uses_; }
    void set_uses(std::int64_t uses) override
    {
        bool const is_packed = uses_ > uses_before_packing;
        uses_ = uses;
        if (!is_packed && uses_ > uses_before_packing)
        {
            pack();
        }
    }

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
    void count_use() { set_uses(uses_ + 1); }
    void pack()
    {
        forward_.pack();
        backward_.pack();
    }
    at::Tensor bias_row() const override { return bias_; }

    at::Tensor bias_;  ///< [out]
    LinearMap forward_;
    LinearMap backward_;  ///< shares forward_'s memory until they are packed
    std::int64_t uses_ = 0;
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
        return freeze_moving(spec, affine_of(spec, parameters),
                             at::device(device).dtype(types.forward));
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
