#pragma once

#include <cstdint>
#include <optional>

#include "spec/training.hpp"

namespace surf::bench
{

/// Floating-point operations of the layers' matrix products and convolutions, a multiplication and
/// an addition counted as two. Borders of images count as if they were inside; normalisations and
/// activations are left out.

/// G(x) for one x.
double forward_flop(NetworkSpec const& network);

/// One trial iteration: G(x), and the gradient pulled back to x alone. What an operator A costs is
/// left out.
double trial_iteration_flop(NetworkSpec const& network);

/// One training step for each image of its batch, with one update of the critic: forward passes,
/// gradients of weights and of what lies between layers. Nothing for WGAN-GP, whose penalty
/// differentiates twice.
std::optional<double> training_flop(Model const& model, GeneratorSize const& size);

}  // namespace surf::bench
