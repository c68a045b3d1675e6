#include "bench/flop.hpp"

namespace surf::bench
{
namespace
{

/// Forward pass and the gradients of the weights, but not of the network's input.
double weight_update_flop(NetworkSpec const& network)
{
    return 3 * forward_flop(network) - forward_flop({network.front()});
}

}  // namespace

double forward_flop(NetworkSpec const& network)
{
    return 2 * multiplications(network);
}

double trial_iteration_flop(NetworkSpec const& network)
{
    return 2 * forward_flop(network);  // the pull-back of a layer costs what its forward pass costs
}

std::optional<double> training_flop(Model const& model, GeneratorSize const& size)
{
    NetworkSpec const generator = entry_of(model.architecture).network(size);
    NetworkSpec const critic = infogan_trunk(size.image, 1, TrunkNorm::batch);
    NetworkSpec const encoder = infogan_trunk(size.image, 2 * size.latent_dim, TrunkNorm::batch);
    switch (model.training)
    {
        case Training::dcgan:
        case Training::wgan:
            // The critic learns from a real and a generated image, and lets the gradient through.
            return weight_update_flop(generator) + 2 * weight_update_flop(critic) +
                   2 * forward_flop(critic);
        case Training::vae:
            return 3 * forward_flop(generator) + weight_update_flop(encoder);
        case Training::wgan_gp:
            break;
    }
    return std::nullopt;
}

}  // namespace surf::bench
