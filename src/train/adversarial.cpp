#include "train/adversarial.hpp"

#include <ATen/core/grad_mode.h>

#include "base/contract.hpp"

namespace surf::train
{
using model::Mode;

AdversarialTrainer::AdversarialTrainer(TrainSpec const& spec, data::TrainingImages const& images,
                                       at::Device device, std::string const& critic_name,
                                       TrunkNorm critic_norm)
    : batches_(spec, images, device),
      critic_steps_(spec.hyper.critic_steps),
      critic_name_(critic_name),
      generator_({.name = "generator",
                  .network = layers_of(spec),
                  .initialisation = initial_weights(spec),
                  .rate = spec.hyper.generator_rate,
                  .weight_stream = 0},
                 spec, device),
      critic_({.name = critic_name,
               .network = infogan_trunk(spec.data.image, 1, critic_norm),
               .initialisation = model::Initialisation::normal(spec.hyper.weight_deviation),
               .rate = spec.hyper.discriminator_rate,
               .weight_stream = 1},
              spec, device)
{
    EXPECT(critic_steps_ >= 1);
}

void AdversarialTrainer::step(std::int64_t step)
{
    at::Tensor fake;
    for (std::int64_t i = 0; i < critic_steps_; ++i)
    {
        std::int64_t const draw = step * critic_steps_ + i;
        // The generator learns from the last fake images alone.
        at::AutoGradMode const record(i + 1 == critic_steps_);
        fake = generator_.network().forward(batches_.uniform_latents(draw), Mode::training);
        update_critic(draw, fake);
    }
    update_generator(fake);
}

void AdversarialTrainer::update_critic(std::int64_t draw, at::Tensor const& fake)
{
    at::AutoGradMode const record(true);
    CriticBatch batch{.real = batches_.images(draw),
                      .fake = fake.detach(),
                      .real_scores = {},
                      .fake_scores = {},
                      .draw = draw};
    // Real and fake in one pass: the same work on a larger batch takes less time.
    auto const scores =
        critic().forward(at::cat({batch.real, batch.fake}), Mode::training, 2).chunk(2);
    batch.real_scores = scores[0];
    batch.fake_scores = scores[1];
    at::Tensor const loss = critic_loss(batch);
    critic_.minimise(loss);
    constrain(critic_);
    log().add(critic_name_, loss);
    log().add("critic_gap", critic_gap(batch));
}

void AdversarialTrainer::update_generator(at::Tensor const& fake)
{
    critic().set_requires_grad(false);  // only the generator moves: spares the critic's gradients
    at::Tensor const loss = generator_loss(critic().forward(fake, Mode::training));
    generator_.minimise(loss);
    critic().set_requires_grad(true);
    log().add("generator", loss);
}

Parameters AdversarialTrainer::state() const
{
    Parameters arrays;
    generator_.append_state(arrays);
    critic_.append_state(arrays);
    return arrays;
}

void AdversarialTrainer::restore(Parameters const& arrays)
{
    generator_.restore(arrays);
    critic_.restore(arrays);
}

}  // namespace surf::train
