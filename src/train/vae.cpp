#include "train/vae.hpp"

#include <ATen/core/Reduction.h>

namespace surf::train
{
using model::Mode;

at::Tensor bernoulli_loss(at::Tensor const& logits, at::Tensor const& images)
{
    return at::binary_cross_entropy_with_logits(logits, images, {}, {}, at::Reduction::Sum) /
           images.size(0);
}

at::Tensor gaussian_divergence(at::Tensor const& mean, at::Tensor const& log_variance)
{
    return 0.5 * (mean * mean + log_variance.exp() - log_variance - 1).sum() / mean.size(0);
}

VaeTrainer::VaeTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device)
    : batches_(spec, images, device),
      decoder_("decoder", model::generator_spec(spec.latent_dim), spec, spec.hyper.generator_rate,
               0, device),
      encoder_("encoder", model::trunk_spec(2 * spec.latent_dim), spec, spec.hyper.generator_rate,
               1, device)
{}

void VaeTrainer::step(std::int64_t step)
{
    at::Tensor const images = batches_.images(step);
    auto const code = encoder_.network().forward(images, Mode::training).chunk(2, 1);
    at::Tensor const& mean = code[0];
    at::Tensor const& log_variance = code[1];
    at::Tensor const latents = mean + (0.5 * log_variance).exp() * batches_.normal_noise(step);

    at::Tensor const reconstruction =
        bernoulli_loss(decoder_.network().logits(latents, Mode::training), images);
    at::Tensor const divergence = gaussian_divergence(mean, log_variance);
    decoder_.zero_gradients();
    encoder_.minimise(reconstruction + divergence);
    decoder_.step();
    losses().add("reconstruction", reconstruction);
    losses().add("divergence", divergence);
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
