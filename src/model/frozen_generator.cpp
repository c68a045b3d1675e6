#include "model/frozen_generator.hpp"

#include <c10/core/InferenceMode.h>

#include "base/contract.hpp"

namespace surf::model
{
namespace
{

constexpr std::int64_t stride = 2;
constexpr std::int64_t padding = 1;

/// y = γ (Wx + b − mean) / √(variance + ε) + β is W′x + b′ with both scaled by unit or channel.
void fold_batch_norm(LayerSpec const& spec, Parameters const& parameters, at::Tensor& weight,
                     at::Tensor& bias)
{
    auto const load = [&](char const* part) {
        return to_tensor(find_array(parameters, spec.name + part, {bias.size(0)}), at::kCPU,
                         at::kDouble);
    };
    at::Tensor scale = load(".bn.gamma") / at::sqrt(load(".bn.variance") + batch_norm_epsilon);
    bias = (bias - load(".bn.mean")) * scale + load(".bn.beta");
    scale = scale.to(weight.scalar_type());
    weight = spec.kind == LayerKind::linear ? weight * scale.unsqueeze(1)
                                            : weight * scale.reshape({1, -1, 1, 1});
}

/// Reorders a linear layer's units from (channel, row, column) to (row, column, channel), so that
/// what it computes is an image in channels-last order.
at::Tensor channels_last_units(at::Tensor const& units, Shape const& shape)
{
    auto sizes = units.sizes().vec();
    sizes.erase(sizes.begin());
    std::vector<std::int64_t> split = {shape.channels, shape.height * shape.width};
    split.insert(split.end(), sizes.begin(), sizes.end());
    return units.reshape(split).transpose(0, 1).reshape(units.sizes()).contiguous();
}

void activate(at::Tensor& value, Activation activation)
{
    switch (activation)
    {
        case Activation::none:
            return;
        case Activation::relu:
            at::relu_(value);
            return;
        case Activation::sigmoid:
            at::sigmoid_(value);
            return;
        case Activation::leaky_relu:
            break;
    }
    EXPECT(!"a generator has no leaky ReLU");
}

/// The gradient before the activation, from the one behind it and the activation's output.
at::Tensor activation_backward(at::Tensor const& gradient, at::Tensor const& output,
                               Activation activation)
{
    switch (activation)
    {
        case Activation::relu:
            return at::threshold_backward(gradient, output, 0);
        case Activation::sigmoid:
            return at::sigmoid_backward(gradient, output);
        default:
            return gradient;
    }
}

}  // namespace

FrozenGenerator::FrozenGenerator(NetworkSpec spec, Parameters const& parameters, at::Device device,
                                 at::ScalarType type)
    : spec_(std::move(spec))
{
    c10::InferenceMode const no_autograd;
    for (LayerSpec const& layer : spec_)
    {
        EXPECT(layer.kind != LayerKind::conv);
        auto const load = [&](char const* part, std::vector<std::int64_t> const& shape,
                              at::ScalarType precision) {
            return to_tensor(find_array(parameters, layer.name + part, shape), at::kCPU, precision);
        };
        bool const linear = layer.kind == LayerKind::linear;
        at::Tensor weight = load(".weight", weight_shape(layer), type);
        at::Tensor bias =
            load(".bias", {linear ? layer.output.size() : layer.output.channels}, at::kDouble);
        if (layer.normalisation == Normalisation::batch)
        {
            fold_batch_norm(layer, parameters, weight, bias);
        }
        if (linear)
        {
            weight = channels_last_units(weight, layer.output);
            bias = channels_last_units(bias, layer.output);
        }
        weight = weight.to(device, type);
        layers_.push_back({linear ? weight : weight.contiguous(at::MemoryFormat::ChannelsLast),
                           bias.to(device, type),
                           {}});
    }
}

at::Tensor FrozenGenerator::forward(at::Tensor const& latents)
{
    c10::InferenceMode const no_autograd;
    at::Tensor value = latents;
    for (std::size_t i = 0; i < spec_.size(); ++i)
    {
        LayerSpec const& spec = spec_[i];
        Layer& layer = layers_[i];
        if (spec.kind == LayerKind::linear)
        {
            value = at::addmm(layer.bias, value, layer.weight.t());
        }
        else
        {
            Shape const& in = spec.input;
            value = value.reshape({latents.size(0), in.height, in.width, in.channels});
            value = at::conv_transpose2d(value.permute({0, 3, 1, 2}), layer.weight, layer.bias,
                                         stride, padding)
                        .permute({0, 2, 3, 1})
                        .contiguous();
        }
        activate(value, spec.activation);
        layer.output = value;
    }
    Shape const& out = spec_.back().output;
    EXPECT(out.channels == 1 || out.height * out.width == 1);  // so channels-last is plain order
    return value.reshape({latents.size(0), out.size()});
}

at::Tensor FrozenGenerator::backward(at::Tensor const& gradient)
{
    EXPECT(layers_.back().output.defined());
    c10::InferenceMode const no_autograd;
    at::Tensor value = gradient;
    for (std::size_t i = spec_.size(); i-- > 0;)
    {
        LayerSpec const& spec = spec_[i];
        Layer const& layer = layers_[i];
        value =
            activation_backward(value.reshape(layer.output.sizes()), layer.output, spec.activation);
        if (spec.kind == LayerKind::linear)
        {
            value = at::mm(value, layer.weight);
        }
        else
        {
            value = at::conv2d(value.permute({0, 3, 1, 2}), layer.weight, {}, stride, padding)
                        .permute({0, 2, 3, 1})
                        .contiguous();
        }
    }
    return value.reshape({gradient.size(0), spec_.front().input.size()});
}

}  // namespace surf::model
