#include "bench/flop.hpp"

namespace surf::bench
{
namespace
{

/// How many places of an image each weight is used at.
std::int64_t places(model::LayerSpec const& layer)
{
    switch (layer.kind)
    {
        case model::LayerKind::linear:
            return 1;
        case model::LayerKind::conv:
            return layer.output.height * layer.output.width;
        case model::LayerKind::conv_transpose:
            return layer.input.height * layer.input.width;
    }
    return 1;
}

double layer_flop(model::LayerSpec const& layer)
{
    std::int64_t weights = 1;
    for (std::int64_t const extent : model::weight_shape(layer))
    {
        weights *= extent;
    }
    return 2.0 * static_cast<double>(weights * places(layer));
}

/// Forward pass and the gradients of the weights, but not of the network's input.
double weight_update_flop(model::NetworkSpec const& spec)
{
    return 3 * forward_flop(spec) - layer_flop(spec.front());
}

}  // namespace

double forward_flop(model::NetworkSpec const& spec)
{
    double flop = 0;
    for (model::LayerSpec const& layer : spec)
    {
        flop += layer_flop(layer);
    }
    return flop;
}

double trial_iteration_flop(model::NetworkSpec const& spec)
{
    return 2 * forward_flop(spec);  // the pull-back of a layer costs what its forward pass costs
}

std::optional<double> training_flop(ModelKind model, std::int64_t latent_dim,
                                    std::int64_t hidden_layers)
{
    using model::Normalisation;
    auto const generator = model::generator_spec(model, latent_dim, hidden_layers);
    auto const critic = model::trunk_spec(1, Normalisation::batch);
    auto const encoder = model::trunk_spec(2 * latent_dim, Normalisation::batch);
    switch (model)
    {
        case ModelKind::dcgan:
        case ModelKind::wgan:
            // The critic learns from a real and a generated image, and lets the gradient through.
            return weight_update_flop(generator) + 2 * weight_update_flop(critic) +
                   2 * forward_flop(critic);
        case ModelKind::vae:
        case ModelKind::relu:
            return 3 * forward_flop(generator) + weight_update_flop(encoder);
        case ModelKind::wgan_gp:
            break;
    }
    return std::nullopt;
}

}  // namespace surf::bench
