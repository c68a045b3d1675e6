#include "spec/training.hpp"

#include <fmt/format.h>

#include "base/contract.hpp"
#include "base/name_table.hpp"

namespace surf
{

namespace
{

/// What a public collection of TensorFlow models uses for all of them.
Hyperparameters collection_values()
{
    return {.batch = 64,
            .optimiser = Optimiser::adam,
            .generator_rate = 1e-3,
            .discriminator_rate = 2e-4,
            .beta1 = 0.5,
            .beta2 = 0.999,
            .decay = 0.99,
            .epsilon = 1e-8,
            .critic_steps = 1,
            .clip = 0.01,
            .gradient_penalty = 0.25,
            .weight_deviation = 0.02,
            .hidden_layers = 2,
            .observation_deviation = 0.3};
}

Hyperparameters published_values(ModelKind model)
{
    Hyperparameters values = collection_values();
    switch (model)
    {
        case ModelKind::dcgan:  // Radford et al. 2015, section 4
            values.generator_rate = values.discriminator_rate = 2e-4;
            break;
        case ModelKind::wgan:  // Arjovsky et al. 2017, algorithm 1
            values.optimiser = Optimiser::rmsprop;
            values.generator_rate = values.discriminator_rate = 5e-5;
            values.critic_steps = 5;
            break;
        case ModelKind::wgan_gp:  // Gulrajani et al. 2017, algorithm 1
            values.generator_rate = values.discriminator_rate = 1e-4;
            values.beta1 = 0;
            values.beta2 = 0.9;
            values.critic_steps = 5;
            values.gradient_penalty = 10;
            break;
        case ModelKind::vae:
        case ModelKind::relu:
            break;
    }
    return values;
}

}  // namespace

bool uses(ModelKind model, Knob knob)
{
    switch (knob)
    {
        case Knob::discriminator_rate:
        case Knob::critic_steps:
            return model == ModelKind::dcgan || model == ModelKind::wgan ||
                   model == ModelKind::wgan_gp;
        case Knob::clip:
            return model == ModelKind::wgan;
        case Knob::gradient_penalty:
            return model == ModelKind::wgan_gp;
        case Knob::weight_deviation:
            return true;  // of relu the encoder
        case Knob::hidden_layers:
        case Knob::observation_deviation:
            return model == ModelKind::relu;
    }
    EXPECT(!"knob is one of its enumeration");
    return false;
}

Hyperparameters preset_values(Preset preset, ModelKind model)
{
    switch (preset)
    {
        case Preset::collection:
            return collection_values();
        case Preset::published:
            return published_values(model);
    }
    EXPECT(!"preset is in its table");
    return {};
}

namespace
{

/// The optimiser and its settings.
void add_optimiser(CanonicalText& text, Hyperparameters const& hyper)
{
    text.add("optimiser", name_of(optimiser_table, hyper.optimiser));
    switch (hyper.optimiser)
    {
        case Optimiser::adam:
            text.add("beta1", hyper.beta1);
            text.add("beta2", hyper.beta2);
            break;
        case Optimiser::rmsprop:
            text.add("decay", hyper.decay);
            break;
    }
    text.add("epsilon", hyper.epsilon);
}

}  // namespace

CanonicalText TrainSpec::canonical() const
{
    CanonicalText text;
    text.add("algorithm", std::int64_t{4});  // raise it when the same settings train otherwise
    text.add("seed", seed);
    text.add("model", name_of(model_table, model));
    text.add("latent_dim", latent_dim);
    text.add("intervals", intervals);
    text.add("steps_per_snapshot", steps_per_snapshot);
    text.add("data_checksum", data_checksum);
    text.add("threads", threads);
    text.add("batch", hyper.batch);
    text.add("generator_rate", hyper.generator_rate);
    add_optimiser(text, hyper);
    auto const add = [&](Knob knob, char const* key, auto value) {
        if (uses(model, knob))
        {
            text.add(key, value);
        }
    };
    add(Knob::discriminator_rate, "discriminator_rate", hyper.discriminator_rate);
    add(Knob::critic_steps, "critic_steps", hyper.critic_steps);
    add(Knob::clip, "clip", hyper.clip);
    add(Knob::gradient_penalty, "gradient_penalty", hyper.gradient_penalty);
    add(Knob::weight_deviation, "weight_deviation", hyper.weight_deviation);
    add(Knob::hidden_layers, "hidden_layers", hyper.hidden_layers);
    add(Knob::observation_deviation, "observation_deviation", hyper.observation_deviation);
    return text;
}

std::string TrainSpec::stream_domain() const
{
    return fmt::format("train/{}/{}", name_of(model_table, model), latent_dim);
}

}  // namespace surf
