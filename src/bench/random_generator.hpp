#pragma once

#include "base/named_array.hpp"
#include "model/network.hpp"

namespace surf::bench
{

/// A network's parameters as a trained one might have them: weights N(0, 0.02²), batch norm that
/// differs from unit to unit. Always the same numbers; values and gradients stay finite.
Parameters random_parameters(model::NetworkSpec const& spec);

/// InfoGAN's generator, as the GANs and the VAE have it.
model::NetworkSpec infogan_generator(std::int64_t latent_dim);

}  // namespace surf::bench
