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
#include "model/product.hpp"

namespace surf::model
{
namespace
{

constexpr std::int64_t kernel = 4;
constexpr std::int64_t stride = 2;
constexpr std::int64_t padding = 1;
constexpr double leaky_slope = 0.2;
constexpr double batch_norm_momentum = 0.1;
constexpr std::array batch_norm_parts = {".bn.gamma", ".bn.beta", ".bn.mean", ".bn.variance"};

/// The piecewise linear ones overwrite their input: their gradients need the output alone.
at::Tensor activate(at::Tensor input, Activation activation)
{
    switch (activation)
    {
        case Activation::none:
            return input;
        case Activation::relu:
            return at::relu_(input);
        case Activation::leaky_relu:
            return at::leaky_relu_(input, leaky_slope);
        case Activation::sigmoid:
            return at::sigmoid(input);
    }
    return input;
}

LayerSpec linear(std::string name, std::int64_t input, Shape output, Normalisation normalisation,
                 Activation activation)
{
    return {std::move(name), LayerKind::linear, {input}, output, normalisation, activation};
}

NetworkSpec infogan_spec(std::int64_t latent_dim)
{
    return {
        linear("fc1", latent_dim, {1024}, Normalisation::batch, Activation::relu),
        linear("fc2", 1024, {128, 7, 7}, Normalisation::batch, Activation::relu),
        {"deconv1",
         LayerKind::conv_transpose,
         {128, 7, 7},
         {64, 14, 14},
         Normalisation::batch,
         Activation::relu},
        {"deconv2",
         LayerKind::conv_transpose,
         {64, 14, 14},
         {1, image_side, image_side},
         Normalisation::none,
         Activation::sigmoid},
    };
}

NetworkSpec relu_spec(std::int64_t latent_dim, std::int64_t hidden_layers)
{
    constexpr std::int64_t expansion = 5;
    NetworkSpec spec;
    std::int64_t width = latent_dim;
    for (std::int64_t i = 1; i <= hidden_layers; ++i)
    {
        std::int64_t const input = std::exchange(width, std::min(image_size, expansion * width));
        spec.push_back(linear(fmt::format("hidden{}", i), input, {width}, Normalisation::none,
                              Activation::relu));
    }
    LayerSpec output =
        linear("output", width, {1, image_side, image_side}, Normalisation::none, Activation::none);
    output.bias = Bias::zero;  // the paper's V has none
    spec.push_back(std::move(output));
    return spec;
}

/// Length of a layer's bias and batch-norm vectors: a linear layer normalises each unit.
std::int64_t feature_count(LayerSpec const& layer)
{
    return layer.kind == LayerKind::linear ? layer.output.size() : layer.output.channels;
}

}  // namespace

NetworkSpec generator_spec(ModelKind model, std::int64_t latent_dim, std::int64_t hidden_layers)
{
    if (model != ModelKind::relu)
    {
        return infogan_spec(latent_dim);
    }
    EXPECT(hidden_layers >= 1);
    return relu_spec(latent_dim, hidden_layers);
}

NetworkSpec trunk_spec(std::int64_t outputs, Normalisation normalisation)
{
    return {
        {"conv1",
         LayerKind::conv,
         {1, image_side, image_side},
         {64, 14, 14},
         Normalisation::none,
         Activation::leaky_relu},
        {"conv2",
         LayerKind::conv,
         {64, 14, 14},
         {128, 7, 7},
         normalisation,
         Activation::leaky_relu},
        linear("fc1", 128 * 7 * 7, {1024}, normalisation, Activation::leaky_relu),
        linear("fc2", 1024, {outputs}, Normalisation::none, Activation::none),
    };
}

std::vector<std::int64_t> weight_shape(LayerSpec const& layer)
{
    switch (layer.kind)
    {
        case LayerKind::linear:
            return {layer.output.size(), layer.input.size()};
        case LayerKind::conv:
            return {layer.output.channels, layer.input.channels, kernel, kernel};
        case LayerKind::conv_transpose:
            return {layer.input.channels, layer.output.channels, kernel, kernel};
    }
    return {};
}

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

NetworkSpec stored_generator_spec(ModelKind model, std::int64_t latent_dim,
                                  Parameters const& parameters)
{
    std::int64_t const layers = std::ranges::count_if(
        parameters, [](NamedArray const& array) { return array.name.ends_with(".weight"); });
    // A generator has a hidden layer at least; if even that is missing, the check below says so.
    NetworkSpec spec = generator_spec(model, latent_dim, std::max<std::int64_t>(layers - 1, 1));
    for (LayerSpec const& layer : spec)
    {
        find_array(parameters, layer.name + ".weight", weight_shape(layer));
        find_array(parameters, layer.name + ".bias", {feature_count(layer)});
        if (layer.normalisation == Normalisation::batch)
        {
            for (char const* part : batch_norm_parts)
            {
                find_array(parameters, layer.name + part, {feature_count(layer)});
            }
        }
    }
    return spec;
}

double Initialisation::weight_deviation(LayerSpec const& layer) const
{
    return deviation_.value_or(1 / std::sqrt(static_cast<double>(layer.output.size())));
}

double Initialisation::bias_deviation(LayerSpec const& layer) const
{
    return deviation_ || layer.bias == Bias::zero ? 0 : weight_deviation(layer);
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
        std::int64_t const features = feature_count(layer);
        Layer tensors;
        tensors.weight = random_tensor(weight_shape(layer), stream,
                                       initialisation.weight_deviation(layer), device);
        tensors.bias =
            random_tensor({features}, stream, initialisation.bias_deviation(layer), device);
        if (layer.normalisation == Normalisation::batch)
        {
            tensors.gamma = at::ones({features}, options);
            tensors.beta = at::zeros({features}, options);
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
    for (LayerSpec const& layer : spec_)
    {
        auto const load = [&](char const* part, std::vector<std::int64_t> const& shape) {
            return to_tensor(find_array(parameters, layer.name + part, shape), device, type);
        };
        std::int64_t const features = feature_count(layer);
        Layer tensors;
        tensors.weight = load(".weight", weight_shape(layer));
        tensors.bias = load(".bias", {features});
        if (layer.normalisation == Normalisation::batch)
        {
            tensors.gamma = load(".bn.gamma", {features});
            tensors.beta = load(".bn.beta", {features});
            tensors.mean = load(".bn.mean", {features});
            tensors.variance = load(".bn.variance", {features});
        }
        layers_.push_back(std::move(tensors));
    }
}

at::Tensor Network::normalise(Layer const& layer, at::Tensor const& input, Mode mode,
                              std::int64_t groups) const
{
    bool const training = mode == Mode::training;
    auto const whole = [&](at::Tensor const& part) {
        return at::batch_norm(part, layer.gamma, layer.beta, layer.mean, layer.variance, training,
                              batch_norm_momentum, batch_norm_epsilon, /*cudnn_enabled=*/true);
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
            output = fast ? product_transposed(vectors(), layer.weight).add_(layer.bias)
                          : at::linear(vectors(), layer.weight, layer.bias);
            break;
        case LayerKind::conv:
            output = at::conv2d(images(), layer.weight, layer.bias, stride, padding);
            break;
        case LayerKind::conv_transpose:
            output = at::conv_transpose2d(images(), layer.weight, layer.bias, stride, padding);
            break;
    }
    if (spec.normalisation == Normalisation::batch)
    {
        output = normalise(layer, output, mode, groups);
    }
    return output;
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
            value = activate(value, spec_[i].activation);
        }
    }
    return value.reshape({value.size(0), spec_.back().output.size()});
}

at::Tensor Network::forward(at::Tensor const& input, Mode mode, std::int64_t groups) const
{
    return activate(logits(input, mode, groups), spec_.back().activation);
}

std::vector<at::Tensor> Network::trainable() const
{
    std::vector<at::Tensor> tensors;
    for (std::size_t i = 0; i < spec_.size(); ++i)
    {
        Layer const& layer = layers_[i];
        tensors.push_back(layer.weight);
        if (spec_[i].bias == Bias::trained)
        {
            tensors.push_back(layer.bias);
        }
        if (layer.gamma.defined())
        {
            tensors.push_back(layer.gamma);
            tensors.push_back(layer.beta);
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
        std::string const& name = spec_[i].name;
        Layer const& layer = layers_[i];
        parameters.push_back(to_array(name + ".weight", layer.weight));
        parameters.push_back(to_array(name + ".bias", layer.bias));
        if (layer.gamma.defined())
        {
            parameters.push_back(to_array(name + ".bn.gamma", layer.gamma));
            parameters.push_back(to_array(name + ".bn.beta", layer.beta));
            parameters.push_back(to_array(name + ".bn.mean", layer.mean));
            parameters.push_back(to_array(name + ".bn.variance", layer.variance));
        }
    }
    return parameters;
}

}  // namespace surf::model
