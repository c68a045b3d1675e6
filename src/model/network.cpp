#include "model/network.hpp"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "model/onednn.hpp"
#include "model/product.hpp"

namespace surf::model
{
namespace
{

constexpr double batch_norm_momentum = 0.1;

/// The piecewise linear ones overwrite their input, since their gradients need the output alone:
/// but not that of a reshape, which is the output of the layer before.
at::Tensor activate(at::Tensor input, LayerSpec const& layer)
{
    if (layer.kind == LayerKind::reshape && layer.activation != Activation::none)
    {
        input = input.clone();
    }
    switch (layer.activation)
    {
        case Activation::none:
            return input;
        case Activation::relu:
            return at::relu_(input);
        case Activation::leaky_relu:
            return at::leaky_relu_(input, layer.slope);
        case Activation::tanh:
            return at::tanh(input);
        case Activation::sigmoid:
            return at::sigmoid(input);
    }
    return input;
}

}  // namespace

at::Tensor view_of(NamedArray const& array)
{
    // from_blob wants a mutable pointer, but nobody writes through it.
    return at::from_blob(const_cast<float*>(array.values.data()), array.shape, at::kFloat);
}

at::Tensor to_tensor(NamedArray const& array, at::Device device, at::ScalarType type)
{
    return view_of(array).to(device, type, /*non_blocking=*/false, /*copy=*/true);
}

NamedArray to_array(std::string name, at::Tensor const& tensor)
{
    at::Tensor const host = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    float const* const values = host.const_data_ptr<float>();
    return {std::move(name), host.sizes().vec(), std::vector<float>(values, values + host.numel())};
}

NamedArray const& find_array(Parameters const& parameters, std::string const& name,
                             std::vector<std::int64_t> const& shape)
{
    for (NamedArray const& array : parameters)
    {
        if (array.name == name)
        {
            if (array.shape != shape)
            {
                throw FileError(fmt::format("array {} has shape [{}], but this network needs [{}]",
                                            name, fmt::join(array.shape, ", "),
                                            fmt::join(shape, ", ")));
            }
            return array;
        }
    }
    throw FileError(
        fmt::format("array {} is missing (this network cannot be built without it)", name));
}

double Initialisation::weight_deviation(LayerSpec const& layer) const
{
    return deviation_.value_or(1 / std::sqrt(static_cast<double>(layer.output.size())));
}

double Initialisation::bias_deviation(LayerSpec const& layer) const
{
    return deviation_ ? 0 : weight_deviation(layer);
}

namespace
{

at::Tensor random_tensor(std::vector<std::int64_t> const& shape, RandomStream& stream,
                         double deviation, at::Device device)
{
    NamedArray array{"", shape, {}};
    array.values.resize(static_cast<std::size_t>(array.size()));
    if (deviation > 0)
    {
        stream.fill_normal(array.values, 0.0, deviation);
    }
    return to_tensor(array, device, at::kFloat);
}

}  // namespace

Network::Network(NetworkSpec spec, RandomStream& stream, Initialisation const& initialisation,
                 at::Device device)
    : spec_(std::move(spec))
{
    auto const options = at::TensorOptions(at::kFloat).device(device);
    for (LayerSpec const& layer : spec_)
    {
        std::int64_t const features = layer.output.channels;
        Layer tensors;
        if (has_weight(layer))
        {
            tensors.weight = random_tensor(weight_shape(layer), stream,
                                           initialisation.weight_deviation(layer), device);
        }
        if (layer.bias == Bias::trained)
        {
            tensors.bias =
                random_tensor({features}, stream, initialisation.bias_deviation(layer), device);
        }
        if (layer.batch_norm)
        {
            tensors.scale = at::ones({features}, options);
            tensors.shift = at::zeros({features}, options);
            tensors.mean = at::zeros({features}, options);
            tensors.variance = at::ones({features}, options);
        }
        layers_.push_back(std::move(tensors));
    }
}

Network::Network(NetworkSpec spec, Parameters const& parameters, at::Device device,
                 at::ScalarType type)
    : spec_(std::move(spec))
{
    for (LayerSpec const& spec_of_layer : spec_)
    {
        Layer& layer = layers_.emplace_back();
        auto const parts = parts_of(spec_of_layer);
        auto const arrays = arrays_of(spec_of_layer);
        for (std::size_t i = 0; i < arrays.size(); ++i)
        {
            layer.*parts[i] =
                to_tensor(find_array(parameters, arrays[i].name, arrays[i].shape), device, type);
        }
    }
}

std::vector<at::Tensor Network::Layer::*> Network::parts_of(LayerSpec const& spec)
{
    std::vector<at::Tensor Layer::*> parts;
    if (has_weight(spec))
    {
        parts.push_back(&Layer::weight);
    }
    if (spec.bias == Bias::trained)
    {
        parts.push_back(&Layer::bias);
    }
    if (spec.batch_norm)
    {
        parts.insert(parts.end(), {&Layer::scale, &Layer::shift, &Layer::mean, &Layer::variance});
    }
    return parts;
}

at::Tensor Network::normalise(std::size_t index, at::Tensor const& input, Mode mode,
                              std::int64_t groups) const
{
    Layer const& layer = layers_[index];
    double const epsilon = spec_[index].batch_norm->epsilon;
    bool const training = mode == Mode::training;
    auto const whole = [&](at::Tensor const& part) {
        return at::batch_norm(part, layer.scale, layer.shift, layer.mean, layer.variance, training,
                              batch_norm_momentum, epsilon, /*cudnn_enabled=*/true);
    };
    if (!training || groups == 1)
    {
        return whole(input);
    }
    std::vector<at::Tensor> parts = input.chunk(groups, 0);
    std::ranges::transform(parts, parts.begin(), whole);
    return at::cat(parts);
}

at::Tensor Network::apply(std::size_t index, at::Tensor const& input, Mode mode,
                          std::int64_t groups) const
{
    LayerSpec const& spec = spec_[index];
    Layer const& layer = layers_[index];
    std::int64_t const batch = input.size(0);
    Shape const& in = spec.input;
    Shape const& out = spec.output;
    std::optional<at::Tensor> const bias = onednn::optional(layer.bias);
    // Training takes the fastest path; evaluation the plain one, as the frozen generator's oracle.
    bool const fast = mode == Mode::training;
    auto const vectors = [&] { return input.reshape({batch, in.size()}); };
    auto const images = [&] {
        at::Tensor const as_images = input.reshape({batch, in.channels, in.height, in.width});
        return fast ? as_images.contiguous(at::MemoryFormat::ChannelsLast) : as_images;
    };
    at::Tensor output;
    switch (spec.kind)
    {
        case LayerKind::linear:
            if (fast)
            {
                output = product_transposed(vectors(), layer.weight);
                output = bias ? output.add_(*bias) : output;
            }
            else
            {
                output = at::linear(vectors(), layer.weight, bias);
            }
            break;
        case LayerKind::conv:
            output = at::conv2d(images(), layer.weight, bias, spec.stride, spec.padding);
            break;
        case LayerKind::conv_transpose:
            output = at::conv_transpose2d(images(), layer.weight, bias, spec.stride, spec.padding,
                                          output_padding(spec));
            break;
        case LayerKind::upsample:
            output = images().repeat_interleave(spec.stride, 2).repeat_interleave(spec.stride, 3);
            break;
        case LayerKind::reshape:
            output = input.reshape(out.is_vector()
                                       ? std::vector{batch, out.channels}
                                       : std::vector{batch, out.channels, out.height, out.width});
            break;
    }
    return spec.batch_norm ? normalise(index, output, mode, groups) : output;
}

at::Tensor Network::logits(at::Tensor const& input, Mode mode, std::int64_t groups) const
{
    EXPECT(input.size(0) % groups == 0);
    at::Tensor value = input;
    for (std::size_t i = 0; i < spec_.size(); ++i)
    {
        value = apply(i, value, mode, groups);
        if (i + 1 < spec_.size())
        {
            value = activate(value, spec_[i]);
        }
    }
    return value.reshape({value.size(0), spec_.back().output.size()});
}

at::Tensor Network::forward(at::Tensor const& input, Mode mode, std::int64_t groups) const
{
    return activate(logits(input, mode, groups), spec_.back());
}

std::vector<at::Tensor> Network::trainable() const
{
    std::vector<at::Tensor> tensors;
    for (Layer const& layer : layers_)
    {
        for (at::Tensor const* tensor : {&layer.weight, &layer.bias, &layer.scale, &layer.shift})
        {
            if (tensor->defined())
            {
                tensors.push_back(*tensor);
            }
        }
    }
    return tensors;
}

void Network::set_requires_grad(bool requires_grad) const
{
    for (at::Tensor const& tensor : trainable())
    {
        tensor.set_requires_grad(requires_grad);
    }
}

Parameters Network::parameters() const
{
    Parameters parameters;
    for (std::size_t i = 0; i < spec_.size(); ++i)
    {
        auto const arrays = arrays_of(spec_[i]);
        Layer const& layer = layers_[i];
        auto const parts = parts_of(spec_[i]);
        for (std::size_t j = 0; j < arrays.size(); ++j)
        {
            parameters.push_back(to_array(arrays[j].name, layer.*parts[j]));
        }
    }
    return parameters;
}

}  // namespace surf::model
