#include "train/vae.hpp"

#include <ATen/core/Reduction.h>

#include <cmath>
#include <numbers>

namespace surf::train
{
using model::Initialisation;
using model::Mode;

at::Tensor bernoulli_loss(at::Tensor const& logits, at::Tensor const& images)
{
    return at::binary_cross_entropy_with_logits(logits, images, {}, {}, at::Reduction::Sum) /
           images.size(0);
}

at::Tensor gaussian_loss(at::Tensor const& means, at::Tensor const& images, double deviation)
{
    double const constant = std::log(deviation) + 0.5 * std::log(2 * std::numbers::pi);
    at::Tensor const squares = at::mse_loss(means, images, at::Reduction::Sum) / images.size(0);
    return squares / (2 * deviation * deviation) +
           constant * static_cast<double>(images.numel() / images.size(0));
}

at::Tensor log_variance_of(at::Tensor const& code, EncoderSpread spread)
{
    constexpr double smallest_deviation = 1e-6;
    switch (spread)
    {
        case EncoderSpread::log_variance:
            break;
        case EncoderSpread::softplus:
            return 2 * (at::softplus(code) + smallest_deviation).log();
    }
    return code;
}

at::Tensor gaussian_divergence(at::Tensor const& mean, at::Tensor const& log_variance)
{
    return 0.5 * (mean * mean + log_variance.exp() - log_variance - 1).sum() / mean.size(0);
}

VaeTrainer::VaeTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device)
    : spec_(spec),
      batches_(spec, images, device),
      decoder_({.name = "decoder",
                .network = layers_of(spec),
                .initialisation = initial_weights(spec),
                .rate = spec.hyper.generator_rate,
                .weight_stream = 0},
               spec, device),
      encoder_({.name = "encoder",
                .network = infogan_trunk(spec.data.image, 2 * spec.latent_dim, TrunkNorm::batch),
                .initialisation = Initialisation::normal(spec.hyper.weight_deviation),
                .rate = spec.hyper.generator_rate,
                .weight_stream = 1},
               spec, device)
{}

void VaeTrainer::step(std::int64_t step)
{
    at::Tensor const images = batches_.images(step);
    auto const code = encoder_.network().forward(images, Mode::training).chunk(2, 1);
    at::Tensor const& mean = code[0];
    at::Tensor const log_variance = log_variance_of(code[1], spec_.hyper.encoder_spread);
    at::Tensor const latents = mean + (0.5 * log_variance).exp() * batches_.normal_noise(step);

    at::Tensor const reconstruction = reconstruction_loss(latents, images);
    at::Tensor const divergence = gaussian_divergence(mean, log_variance);
    decoder_.zero_gradients();
    encoder_.minimise(reconstruction + divergence);
    decoder_.step();
    log().add("reconstruction", reconstruction);
    log().add("divergence", divergence);
}

at::Tensor VaeTrainer::reconstruction_loss(at::Tensor const& latents,
                                           at::Tensor const& images) const
{
    at::Tensor const output = decoder_.network().logits(latents, Mode::training);
    bool const is_linear = decoder_.network().spec().back().activation == Activation::none;
    return is_linear ? gaussian_loss(output, images, spec_.hyper.observation_deviation)
                     : bernoulli_loss(output, images);
}

Parameters VaeTrainer::state() const
{
    Parameters arrays;
    decoder_.append_state(arrays);
    encoder_.append_state(arrays);
    return arrays;
}

void VaeTrainer::restore(Parameters const& arrays)
{
    decoder_.restore(arrays);
    encoder_.restore(arrays);
}

}  // namespace surf::train
