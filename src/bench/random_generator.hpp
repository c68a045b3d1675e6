#pragma once

#include <cstdint>

#include "base/named_array.hpp"
#include "spec/generator.hpp"

namespace surf::bench
{

/// The images that are benchmarked: MNIST's.
inline constexpr Shape image_shape{1, 28, 28};

/// InfoGAN's generator of such images, as the GANs and the VAE have it.
GeneratorSpec infogan(std::int64_t latent_dim);

/// The generator of 64 × 64 × 3 pixels of Radford et al. 2015 (figure 1), with a transposed
/// convolution of the latent in front and a tanh at the end.
GeneratorSpec radford(std::int64_t latent_dim);

/// A generator's parameters as a trained one might have them: weights N(0, 0.02²), batch norm that
/// differs from unit to unit. Always the same numbers; values and gradients stay finite.
Parameters random_parameters(GeneratorSpec const& generator);

}  // namespace surf::bench
