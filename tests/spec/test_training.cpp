#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/name_table.hpp"
#include "spec/training.hpp"
#include "support/models.hpp"

using namespace surf;
namespace models = surf::test::models;

TEST_CASE("The collection's values are the same for all models")
{
    for (ModelEntry const& entry : model_table)
    {
        INFO(entry.name);
        Hyperparameters const hyper = preset_values(Preset::collection, entry.kind);
        CHECK(hyper.batch == 64);
        CHECK((hyper.optimiser == Optimiser::adam));
        CHECK(hyper.generator_rate == 1e-3);
        CHECK(hyper.discriminator_rate == 2e-4);
        CHECK(hyper.beta1 == 0.5);
        CHECK(hyper.beta2 == 0.999);
        CHECK(hyper.critic_steps == 1);
        CHECK(hyper.clip == 0.01);
        CHECK(hyper.gradient_penalty == 0.25);
        CHECK((hyper.penalty_mixing == PenaltyMixing::pixel));
        CHECK((hyper.penalty_norm == PenaltyNorm::column));
        CHECK((hyper.critic_norm == TrunkNorm::batch));
        CHECK((hyper.encoder_spread == EncoderSpread::softplus));
        CHECK(hyper.weight_deviation == 0.02);
        CHECK(hyper.hidden_layers == 2);
    }
}

TEST_CASE("The published values are those of the methods' papers")
{
    auto const published = [](Model const& model) {
        return preset_values(Preset::published, model);
    };

    Hyperparameters const dcgan = published(models::dcgan);
    CHECK((dcgan.optimiser == Optimiser::adam));
    CHECK(dcgan.generator_rate == 2e-4);
    CHECK(dcgan.discriminator_rate == 2e-4);
    CHECK(dcgan.beta1 == 0.5);
    CHECK(dcgan.critic_steps == 1);

    Hyperparameters const wgan = published(models::wgan);
    CHECK((wgan.optimiser == Optimiser::rmsprop));
    CHECK(wgan.generator_rate == 5e-5);
    CHECK(wgan.discriminator_rate == 5e-5);
    CHECK(wgan.clip == 0.01);
    CHECK(wgan.critic_steps == 5);

    Hyperparameters const wgan_gp = published(models::wgan_gp);
    CHECK((wgan_gp.optimiser == Optimiser::adam));
    CHECK(wgan_gp.generator_rate == 1e-4);
    CHECK(wgan_gp.discriminator_rate == 1e-4);
    CHECK(wgan_gp.beta1 == 0);
    CHECK(wgan_gp.beta2 == 0.9);
    CHECK(wgan_gp.critic_steps == 5);
    CHECK(wgan_gp.gradient_penalty == 10);
    CHECK((wgan_gp.penalty_mixing == PenaltyMixing::image));
    CHECK((wgan_gp.penalty_norm == PenaltyNorm::image));
    CHECK((wgan_gp.critic_norm == TrunkNorm::none));

    for (Model const& model : {models::vae, models::relu})
    {
        CHECK(published(model).generator_rate == 1e-3);
        CHECK(published(model).beta1 == 0.5);
        CHECK((published(model).encoder_spread == EncoderSpread::log_variance));
        CHECK((published(model).optimiser == Optimiser::adam));
    }
    for (ModelEntry const& entry : model_table)
    {
        CHECK(published(entry.kind).batch == 64);
    }
}

namespace
{

TrainSpec spec_of(Model const& model, Optimiser optimiser)
{
    TrainSpec spec;
    spec.seed = 1;
    spec.model = model;
    spec.latent_dim = 5;
    spec.hyper = preset_values(Preset::collection, model);
    spec.hyper.optimiser = optimiser;
    spec.data = {"data", {1, 28, 28}};
    return spec;
}

struct Change
{
    std::string name;
    void (*apply)(TrainSpec&);
    std::set<std::string_view> used_by;  ///< names of models
    std::set<Optimiser> used_with = {Optimiser::adam, Optimiser::rmsprop};
};

std::set<std::string_view> const every = {"vae", "dcgan", "wgan", "wgan-gp", "relu"};
std::set<std::string_view> const gans = {"dcgan", "wgan", "wgan-gp"};

std::vector<Change> const changes = {
    {"seed", [](TrainSpec& spec) { ++spec.seed; }, every},
    {"latent_dim", [](TrainSpec& spec) { ++spec.latent_dim; }, every},
    {"intervals", [](TrainSpec& spec) { ++spec.intervals; }, every},
    {"steps_per_snapshot", [](TrainSpec& spec) { ++spec.steps_per_snapshot; }, every},
    {"threads", [](TrainSpec& spec) { ++spec.threads; }, every},
    {"data_checksum", [](TrainSpec& spec) { spec.data.checksum = "other"; }, every},
    {"batch", [](TrainSpec& spec) { ++spec.hyper.batch; }, every},
    {"generator_rate", [](TrainSpec& spec) { spec.hyper.generator_rate *= 2; }, every},
    {"discriminator_rate", [](TrainSpec& spec) { spec.hyper.discriminator_rate *= 2; }, gans},
    {"beta1", [](TrainSpec& spec) { spec.hyper.beta1 /= 2; }, every, {Optimiser::adam}},
    {"beta2", [](TrainSpec& spec) { spec.hyper.beta2 /= 2; }, every, {Optimiser::adam}},
    {"decay", [](TrainSpec& spec) { spec.hyper.decay /= 2; }, every, {Optimiser::rmsprop}},
    {"epsilon", [](TrainSpec& spec) { spec.hyper.epsilon *= 2; }, every},
    {"critic_steps", [](TrainSpec& spec) { ++spec.hyper.critic_steps; }, gans},
    {"clip", [](TrainSpec& spec) { spec.hyper.clip *= 2; }, {"wgan"}},
    {"gradient_penalty", [](TrainSpec& spec) { spec.hyper.gradient_penalty *= 2; }, {"wgan-gp"}},
    {"penalty_mixing",
     [](TrainSpec& spec) { spec.hyper.penalty_mixing = PenaltyMixing::image; },
     {"wgan-gp"}},
    {"penalty_norm",
     [](TrainSpec& spec) { spec.hyper.penalty_norm = PenaltyNorm::image; },
     {"wgan-gp"}},
    {"critic_norm", [](TrainSpec& spec) { spec.hyper.critic_norm = TrunkNorm::none; }, {"wgan-gp"}},
    {"encoder_spread",
     [](TrainSpec& spec) { spec.hyper.encoder_spread = EncoderSpread::log_variance; },
     {"vae", "relu"}},
    {"weight_deviation", [](TrainSpec& spec) { spec.hyper.weight_deviation *= 2; }, every},
    {"hidden_layers", [](TrainSpec& spec) { ++spec.hyper.hidden_layers; }, {"relu"}},
    {"observation_deviation",
     [](TrainSpec& spec) { spec.hyper.observation_deviation *= 2; },
     {"relu"}},
};

}  // namespace

TEST_CASE("A chain's id changes with all that affects it, and with nothing else")
{
    for (ModelEntry const& entry : model_table)
    {
        for (OptimiserEntry const& optimiser : optimiser_table)
        {
            TrainSpec const spec = spec_of(entry.kind, optimiser.kind);
            for (Change const& change : changes)
            {
                TrainSpec changed = spec;
                change.apply(changed);
                INFO(entry.name << " with " << optimiser.name << ": " << change.name);
                CHECK((changed.id() != spec.id()) == (change.used_by.contains(entry.name) &&
                                                      change.used_with.contains(optimiser.kind)));
            }
        }
    }
}

TEST_CASE("Every model and every optimiser has an id of its own")
{
    std::set<ChainId> ids;
    for (ModelEntry const& entry : model_table)
    {
        for (OptimiserEntry const& optimiser : optimiser_table)
        {
            ids.insert(spec_of(entry.kind, optimiser.kind).id());
        }
    }
    CHECK(ids.size() == model_table.size() * optimiser_table.size());
}

TEST_CASE("heeds() tells whose training a hyperparameter affects")
{
    for (ModelEntry const& entry : model_table)
    {
        INFO(entry.name);
        bool const gan = gans.contains(entry.name);
        CHECK(heeds(entry.kind, ModelSetting::discriminator_rate) == gan);
        CHECK(heeds(entry.kind, ModelSetting::critic_steps) == gan);
        CHECK(heeds(entry.kind, ModelSetting::clip) == (entry.kind == models::wgan));
        CHECK(heeds(entry.kind, ModelSetting::gradient_penalty) == (entry.kind == models::wgan_gp));
        CHECK(heeds(entry.kind, ModelSetting::hidden_layers) == (entry.kind == models::relu));
        CHECK(heeds(entry.kind, ModelSetting::observation_deviation) ==
              (entry.kind == models::relu));
    }
}

TEST_CASE("What is trained is a generator of the data's images, labelled by its model")
{
    for (ModelEntry const& entry : model_table)
    {
        INFO(entry.name);
        TrainSpec spec = spec_of(entry.kind, Optimiser::adam);
        spec.data.image = {3, 32, 24};
        CHECK(spec.label() == entry.name);
        GeneratorSpec const generator = spec.generator();
        CHECK(generator.label == entry.name);
        CHECK(generator.latent_dim == 5);
        CHECK((generator.image == Shape{3, 32, 24}));
        CHECK((generator.prior == Prior::uniform));
        CHECK((generator.range == ValueRange{0, 1}));
        CHECK_NOTHROW(require_valid(generator, "trained"));
    }
}
