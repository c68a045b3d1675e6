#include "bench/random_generator.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/random.hpp"
#include "model/network.hpp"
#include "spec/architecture.hpp"

namespace surf::bench
{
namespace
{

/// Numbers of a layer's batch norm, part by part.
struct NormPart
{
    char const* name;
    double low;
    double high;
};

constexpr std::array norm_parts = {
    NormPart{".weight", 0.5, 1.5},
    NormPart{".bias", -0.5, 0.5},
    NormPart{".running_mean", -0.5, 0.5},
    NormPart{".running_var", 0.25, 1.5},
};

/// Draws the array anew if it belongs to the layer's batch norm.
void draw_norm(NamedArray& array, LayerSpec const& layer, RandomStream& stream)
{
    for (NormPart const& part : norm_parts)
    {
        if (layer.batch_norm && array.name == layer.batch_norm->name + part.name)
        {
            stream.fill_uniform(array.values, part.low, part.high);
        }
    }
}

}  // namespace

GeneratorSpec infogan(std::int64_t latent_dim)
{
    return {.label = "infogan",
            .latent_dim = latent_dim,
            .prior = Prior::uniform,
            .image = image_shape,
            .range = {0, 1},
            .network = infogan_generator({image_shape, latent_dim})};
}

GeneratorSpec radford(std::int64_t latent_dim)
{
    NetworkSpec network;
    Shape shape{latent_dim};
    auto const add = [&](Shape const& output, std::int64_t stride, std::int64_t padding) {
        std::string const name = fmt::format("deconv{}", network.size() + 1);
        network.push_back({.name = name,
                           .kind = LayerKind::conv_transpose,
                           .input = std::exchange(shape, output),
                           .output = output,
                           .kernel = 4,
                           .stride = stride,
                           .padding = padding,
                           .batch_norm = BatchNorm{name + "_bn"},
                           .activation = Activation::relu});
    };
    add({1024, 4, 4}, 1, 0);
    for (std::int64_t channels = 512; channels >= 128; channels /= 2)
    {
        add({channels, 2 * shape.height, 2 * shape.width}, 2, 1);
    }
    add({3, 64, 64}, 2, 1);
    network.back().batch_norm.reset();
    network.back().bias = Bias::trained;
    network.back().activation = Activation::tanh;
    return {.label = "radford",
            .latent_dim = latent_dim,
            .prior = Prior::uniform,
            .image = shape,
            .range = {-1, 1},
            .network = std::move(network)};
}

Parameters random_parameters(GeneratorSpec const& generator)
{
    NetworkSpec const& network = *generator.layers();
    RandomStream stream(0, "bench/generator", Purpose::weights, 0);
    auto const initialisation = model::Initialisation::normal(0.02);
    Parameters parameters = model::Network(network, stream, initialisation, at::kCPU).parameters();
    for (NamedArray& array : parameters)
    {
        for (LayerSpec const& layer : network)
        {
            draw_norm(array, layer, stream);
        }
    }
    return parameters;
}

}  // namespace surf::bench
