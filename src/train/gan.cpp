#include "train/gan.hpp"

namespace surf::train
{
using model::Mode;

at::Tensor discriminator_loss(at::Tensor const& real_logits, at::Tensor const& fake_logits)
{
    return at::binary_cross_entropy_with_logits(real_logits, at::ones_like(real_logits)) +
           at::binary_cross_entropy_with_logits(fake_logits, at::zeros_like(fake_logits));
}

at::Tensor generator_loss(at::Tensor const& fake_logits)
{
    return at::binary_cross_entropy_with_logits(fake_logits, at::ones_like(fake_logits));
}

GanTrainer::GanTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device)
    : batches_(spec, images, device),
      generator_("generator", model::generator_spec(spec.latent_dim), spec,
                 spec.hyper.generator_rate, 0, device),
      discriminator_("discriminator", model::trunk_spec(1), spec, spec.hyper.discriminator_rate, 1,
                     device)
{}

void GanTrainer::step(std::int64_t step)
{
    model::Network const& discriminator = discriminator_.network();
    at::Tensor const real = batches_.images(step);
    at::Tensor const fake =
        generator_.network().forward(batches_.uniform_latents(step), Mode::training);

    at::Tensor loss = discriminator_loss(discriminator.forward(real, Mode::training),
                                         discriminator.forward(fake.detach(), Mode::training));
    discriminator_.minimise(loss);
    losses().add("discriminator", loss);

    discriminator.set_requires_grad(false);  // the generator's loss moves the generator alone
    loss = generator_loss(discriminator.forward(fake, Mode::training));
    generator_.minimise(loss);
    discriminator.set_requires_grad(true);
    losses().add("generator", loss);
}

Parameters GanTrainer::state() const
{
    Parameters arrays;
    generator_.append_state(arrays);
    discriminator_.append_state(arrays);
    return arrays;
}

void GanTrainer::restore(Parameters const& arrays)
{
    generator_.restore(arrays);
    discriminator_.restore(arrays);
}

}  // namespace surf::train
