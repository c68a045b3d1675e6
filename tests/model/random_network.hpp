#pragma once

#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "model/evaluator.hpp"
#include "model/frozen_layer.hpp"
#include "model/network.hpp"

namespace surf::test
{

/// Weights large enough to switch units on and off, and batch-norm statistics unlike those of a
/// fresh network.
inline Parameters random_parameters(model::NetworkSpec const& spec, std::uint64_t seed)
{
    RandomStream stream(seed, "test/generator", Purpose::weights, 0);
    Parameters parameters =
        model::Network(spec, stream, model::Initialisation::normal(0.05), at::kCPU).parameters();
    for (NamedArray& array : parameters)
    {
        if (array.name.ends_with(".variance"))
        {
            stream.fill_uniform(array.values, 0.2, 2.0);
        }
        else if (!array.name.ends_with(".weight"))
        {
            stream.fill_uniform(array.values, -0.5, 1.5);
        }
    }
    return parameters;
}

/// InfoGAN's generator with such parameters.
inline Parameters random_generator(std::int64_t latent_dim, std::uint64_t seed)
{
    return random_parameters(model::generator_spec(ModelKind::dcgan, latent_dim, 0), seed);
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
    auto const spec = model::generator_spec(ModelKind::relu, latent_dim, 2);
    return {spec, random_parameters(spec, 1), at::kCPU, at::kDouble};
}

/// Until its weights are packed, as those of a network are that many trials' steps are made on.
inline void use_often(model::Evaluator& evaluator, std::int64_t latent_dim)
{
    for (std::int64_t i = 0; i <= model::uses_before_packing; ++i)
    {
        evaluator.forward(at::zeros({1, latent_dim}));
    }
}

inline double relative_error(at::Tensor const& value, at::Tensor const& expected)
{
    return ((value - expected).norm() / expected.norm()).item<double>();
}

}  // namespace surf::test
