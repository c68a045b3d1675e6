#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "model/evaluator.hpp"
#include "model/frozen_layer.hpp"
#include "model/network.hpp"
#include "spec/architecture.hpp"
#include "spec/generator.hpp"
#include "support/models.hpp"

namespace surf::test
{

inline constexpr Shape mnist_image{1, 28, 28};

/// InfoGAN's generator.
inline NetworkSpec dcgan_network(std::int64_t latent_dim, Shape const& image = mnist_image)
{
    return infogan_generator({image, latent_dim});
}

/// The paper's expansive network, likewise.
inline NetworkSpec relu_network(std::int64_t latent_dim, std::int64_t hidden_layers)
{
    return relu_generator({mnist_image, latent_dim, hidden_layers});
}

/// What a chain says of a layer list; trials draw latents uniformly on [−1, 1]^k.
inline GeneratorSpec generator_of(NetworkSpec network, std::string label = "test")
{
    GeneratorSpec generator;
    generator.label = std::move(label);
    generator.latent_dim = network.front().input.size();
    generator.image = network.back().output;
    generator.network = std::move(network);
    return generator;
}

/// A generator whose layers nobody looks at: a linear map from k numbers to an image.
inline GeneratorSpec plain_generator(std::int64_t latent_dim, Shape const& image,
                                     std::string label = "test")
{
    return generator_of(
        {{.name = "fc", .kind = LayerKind::linear, .input = {latent_dim}, .output = {image.size()}},
         {.name = "", .kind = LayerKind::reshape, .input = {image.size()}, .output = image}},
        std::move(label));
}

/// Whether the array is the weight of a linear layer or a convolution.
inline bool is_layer_weight(NetworkSpec const& spec, std::string const& array)
{
    return std::ranges::any_of(spec, [&](LayerSpec const& layer) {
        return has_weight(layer) && array == layer.name + ".weight";
    });
}

/// Weights large enough to switch units on and off, and batch-norm statistics unlike those of a
/// fresh network.
inline Parameters random_parameters(NetworkSpec const& spec, std::uint64_t seed,
                                    double weight_deviation = 0.05)
{
    RandomStream stream(seed, "test/generator", Purpose::weights, 0);
    Parameters parameters =
        model::Network(spec, stream, model::Initialisation::normal(weight_deviation), at::kCPU)
            .parameters();
    for (NamedArray& array : parameters)
    {
        if (array.name.ends_with(".running_var"))
        {
            stream.fill_uniform(array.values, 0.2, 2.0);
        }
        else if (!is_layer_weight(spec, array.name))
        {
            stream.fill_uniform(array.values, -0.5, 1.5);
        }
    }
    return parameters;
}

/// InfoGAN's generator with such parameters.
inline Parameters random_generator(std::int64_t latent_dim, std::uint64_t seed)
{
    return random_parameters(dcgan_network(latent_dim), seed);
}

inline at::Tensor random_tensor(std::vector<std::int64_t> const& shape, std::uint64_t seed)
{
    at::Tensor const tensor = at::empty(shape);
    RandomStream stream(seed, "test/tensor", Purpose::prior, 0);
    stream.fill_uniform(
        {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}, -1, 1);
    return tensor;
}

inline at::Tensor random_doubles(std::vector<std::int64_t> const& shape, std::uint64_t seed)
{
    return random_tensor(shape, seed).to(at::kDouble);
}

/// The small expansive network with two hidden layers, in float64, with a linear output.
inline model::Network expansive_network(std::int64_t latent_dim)
{
    NetworkSpec const spec = relu_network(latent_dim, 2);
    return {spec, random_parameters(spec, 1), at::kCPU, at::kDouble};
}

/// Until its weights are packed, as those of a network are that many trials' steps are made on.
inline void use_often(model::Evaluator& evaluator, std::int64_t latent_dim,
                      at::ScalarType type = at::kFloat)
{
    for (std::int64_t i = 0; i <= model::uses_before_packing; ++i)
    {
        evaluator.forward(at::zeros({1, latent_dim}, type));
    }
}

inline double relative_error(at::Tensor const& value, at::Tensor const& expected)
{
    return ((value - expected).norm() / expected.norm()).item<double>();
}

}  // namespace surf::test
