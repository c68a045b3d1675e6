#include "spec/training.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/contract.hpp"
#include "base/name_table.hpp"

namespace surf
{
namespace
{

constexpr std::array vae_settings = {ModelSetting::encoder_spread};
constexpr std::array gan_settings = {ModelSetting::discriminator_rate, ModelSetting::critic_steps};
constexpr std::array wgan_settings = {ModelSetting::discriminator_rate, ModelSetting::critic_steps,
                                      ModelSetting::clip};
constexpr std::array wgan_gp_settings = {
    ModelSetting::discriminator_rate, ModelSetting::critic_steps, ModelSetting::gradient_penalty,
    ModelSetting::penalty_mixing,     ModelSetting::penalty_norm, ModelSetting::critic_norm};

/// Kingma & Welling 2014, appendix C.
void as_kingma(Hyperparameters& values)
{
    values.encoder_spread = EncoderSpread::log_variance;
}

/// Radford et al. 2015, section 4.
void as_radford(Hyperparameters& values)
{
    values.generator_rate = values.discriminator_rate = 2e-4;
}

/// Arjovsky et al. 2017, algorithm 1.
void as_arjovsky(Hyperparameters& values)
{
    values.optimiser = Optimiser::rmsprop;
    values.generator_rate = values.discriminator_rate = 5e-5;
    values.critic_steps = 5;
}

/// Gulrajani et al. 2017, algorithm 1.
void as_gulrajani(Hyperparameters& values)
{
    values.generator_rate = values.discriminator_rate = 1e-4;
    values.beta1 = 0;
    values.beta2 = 0.9;
    values.critic_steps = 5;
    values.gradient_penalty = 10;
    values.penalty_mixing = PenaltyMixing::image;
    values.penalty_norm = PenaltyNorm::image;
    values.critic_norm = TrunkNorm::none;
}

constexpr std::array trainings = {
    TrainingEntry{Training::vae, "vae", "variational autoencoder; the generator is its decoder",
                  vae_settings, as_kingma, Prior::normal, 12},
    TrainingEntry{Training::dcgan, "dcgan", "generator against discriminator", gan_settings,
                  as_radford, Prior::uniform, 18},
    TrainingEntry{Training::wgan, "wgan", "generator against clipped critic", wgan_settings,
                  as_arjovsky, Prior::uniform, 18},
    // The penalty goes through the critic twice more.
    TrainingEntry{Training::wgan_gp, "wgan-gp", "generator against critic with gradient penalty",
                  wgan_gp_settings, as_gulrajani, Prior::uniform, 30},
};

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

std::span<TrainingEntry const> training_table()
{
    return trainings;
}

TrainingEntry const& entry_of(Training training)
{
    auto const entry = std::ranges::find(trainings, training, &TrainingEntry::kind);
    EXPECT(entry != trainings.end());
    return *entry;
}

bool heeds(Model const& model, ModelSetting setting)
{
    bool const relu = model.architecture == Architecture::relu;
    switch (setting)
    {
        case ModelSetting::hidden_layers:
            return relu;
        case ModelSetting::observation_deviation:
            return relu && model.training == Training::vae;  // its output is linear
        case ModelSetting::discriminator_rate:
        case ModelSetting::critic_steps:
        case ModelSetting::clip:
        case ModelSetting::gradient_penalty:
        case ModelSetting::penalty_mixing:
        case ModelSetting::penalty_norm:
        case ModelSetting::critic_norm:
        case ModelSetting::encoder_spread:
            break;
    }
    auto const& settings = entry_of(model.training).settings;
    return std::ranges::find(settings, setting) != settings.end();
}

Hyperparameters preset_values(Preset preset, Model const& model)
{
    Hyperparameters values;
    if (preset == Preset::published)
    {
        entry_of(model.training).as_published(values);
    }
    return values;
}

std::string TrainSpec::label() const
{
    return std::string(name_of(model_table, model));
}

GeneratorSpec TrainSpec::generator() const
{
    return {
        .label = label(),
        .latent_dim = latent_dim,
        .prior = Prior::uniform,
        .image = data.image,
        .range = {0, 1},
        .network =
            entry_of(model.architecture).network({data.image, latent_dim, hyper.hidden_layers})};
}

CanonicalText TrainSpec::canonical() const
{
    CanonicalText text;
    text.add("algorithm", std::int64_t{5});  // raise it when the same settings train otherwise
    text.add("seed", seed);
    text.add("generator", entry_of(model.architecture).name);
    text.add("training", entry_of(model.training).name);
    text.add("latent_dim", latent_dim);
    text.add("intervals", intervals);
    text.add("steps_per_snapshot", steps_per_snapshot);
    text.add("data_checksum", data.checksum);
    text.add("threads", threads);
    text.add("batch", hyper.batch);
    text.add("generator_rate", hyper.generator_rate);
    text.add("weight_deviation", hyper.weight_deviation);
    add_optimiser(text, hyper);
    auto const add = [&](ModelSetting setting, char const* key, auto value) {
        if (heeds(model, setting))
        {
            text.add(key, value);
        }
    };
    add(ModelSetting::discriminator_rate, "discriminator_rate", hyper.discriminator_rate);
    add(ModelSetting::critic_steps, "critic_steps", hyper.critic_steps);
    add(ModelSetting::clip, "clip", hyper.clip);
    add(ModelSetting::gradient_penalty, "gradient_penalty", hyper.gradient_penalty);
    add(ModelSetting::penalty_mixing, "penalty_mixing",
        name_of(penalty_mixing_table, hyper.penalty_mixing));
    add(ModelSetting::penalty_norm, "penalty_norm",
        name_of(penalty_norm_table, hyper.penalty_norm));
    add(ModelSetting::critic_norm, "critic_norm", name_of(trunk_norm_table, hyper.critic_norm));
    add(ModelSetting::encoder_spread, "encoder_spread",
        name_of(encoder_spread_table, hyper.encoder_spread));
    add(ModelSetting::hidden_layers, "hidden_layers", hyper.hidden_layers);
    add(ModelSetting::observation_deviation, "observation_deviation", hyper.observation_deviation);
    return text;
}

std::string TrainSpec::stream_domain() const
{
    return fmt::format("train/{}/{}", label(), latent_dim);
}

}  // namespace surf
