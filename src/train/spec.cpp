#include "train/spec.hpp"

#include <fmt/format.h>

#include "base/name_table.hpp"

namespace surf::train
{

Hyperparameters preset_values(Preset preset, [[maybe_unused]] model::ModelKind model)
{
    switch (preset)
    {
        case Preset::collection:
            // One row for both models: the VAE trains at the generator's rate and has no other.
            return {.batch = 64,
                    .generator_rate = 1e-3,
                    .discriminator_rate = 2e-4,
                    .beta1 = 0.5,
                    .beta2 = 0.999,
                    .epsilon = 1e-8,
                    .weight_deviation = 0.02};
    }
    EXPECT(!"preset is in its table");
    return {};
}

CanonicalText TrainSpec::canonical() const
{
    CanonicalText text;
    text.add("algorithm", std::int64_t{1});  // raise it when the same settings train otherwise
    text.add("seed", seed);
    text.add("model", name_of(model::model_table, model));
    text.add("latent_dim", latent_dim);
    text.add("intervals", intervals);
    text.add("steps_per_snapshot", steps_per_snapshot);
    text.add("data_checksum", data_checksum);
    text.add("threads", threads);
    text.add("batch", hyper.batch);
    text.add("generator_rate", hyper.generator_rate);
    if (model != model::ModelKind::vae)  // the VAE has no discriminator
    {
        text.add("discriminator_rate", hyper.discriminator_rate);
    }
    text.add("beta1", hyper.beta1);
    text.add("beta2", hyper.beta2);
    text.add("epsilon", hyper.epsilon);
    text.add("weight_deviation", hyper.weight_deviation);
    return text;
}

std::string TrainSpec::stream_domain() const
{
    return fmt::format("train/{}/{}", name_of(model::model_table, model), latent_dim);
}

}  // namespace surf::train
