#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>

#include "base/name_table.hpp"
#include "train/small_training.hpp"
#include "train/trainer.hpp"

using namespace surf;
using namespace surf::train;
using model::Network;

namespace
{

ArrayValues const& values_of(Parameters const& arrays, std::string const& name)
{
    auto const found = std::ranges::find(arrays, name, &NamedArray::name);
    REQUIRE(found != arrays.end());
    return found->values;
}

bool same_bits(Parameters const& one, Parameters const& other)
{
    return std::ranges::equal(one, other, [](NamedArray const& a, NamedArray const& b) {
        return a.name == b.name && a.values == b.values;
    });
}

/// Those of one learner, without its name.
Parameters part_of(Parameters const& arrays, std::string const& learner)
{
    Parameters part;
    for (NamedArray const& array : arrays)
    {
        if (array.name.starts_with(learner + "."))
        {
            part.push_back({array.name.substr(learner.size() + 1), array.shape, array.values});
        }
    }
    return part;
}

}  // namespace

TEST_CASE("A Wasserstein GAN restored in the middle goes on with the same bits")
{
    auto const images = test::noise_images();
    for (Model const& model : {test::models::wgan, test::models::wgan_gp})
    {
        auto spec = test::small_training(model, Preset::published);
        INFO(name_of(model_table, model));
        spec.hyper.batch = 4;
        spec.hyper.critic_steps = 2;
        auto const uninterrupted = make_trainer(spec, images, at::kCPU);
        uninterrupted->step(0);
        Parameters const state = uninterrupted->state();
        uninterrupted->step(1);

        auto const resumed = make_trainer(spec, images, at::kCPU);
        model::Network const& generator = resumed->generator();
        resumed->restore(state);
        CHECK(same_bits(resumed->state(), state));
        resumed->step(1);
        CHECK(same_bits(resumed->state(), uninterrupted->state()));
        CHECK(same_bits(generator.parameters(), uninterrupted->generator().parameters()));
        CHECK_FALSE(same_bits(resumed->state(), state));

        Parameters incomplete = state;
        incomplete.pop_back();
        CHECK_THROWS_WITH(resumed->restore(incomplete), Catch::Contains("is missing"));
    }
}

TEST_CASE("Clipping holds after each step, for WGAN alone")
{
    auto const images = test::noise_images();
    for (Model const& model : {test::models::wgan, test::models::wgan_gp})
    {
        auto spec = test::small_training(model, Preset::published);
        spec.hyper.critic_steps = 2;
        auto const trainer = make_trainer(spec, images, at::kCPU);
        float const clip = static_cast<float>(spec.hyper.clip);
        for (std::int64_t step = 0; step < 2; ++step)
        {
            trainer->step(step);
            float largest = 0;
            for (at::Tensor const& tensor :
                 Network(infogan_trunk(spec.data.image, 1,
                                       model == test::models::wgan ? TrunkNorm::batch
                                                                   : spec.hyper.critic_norm),
                         part_of(trainer->state(), "critic"), at::kCPU)
                     .trainable())
            {
                largest = std::max(largest, tensor.abs().max().item<float>());
            }
            INFO(name_of(model_table, model));
            CHECK((largest <= clip) == (model == test::models::wgan));
        }
        float const generator =
            model::to_tensor(trainer->generator().parameters().front(), at::kCPU, at::kFloat)
                .abs()
                .max()
                .item<float>();
        CHECK(generator > clip);
    }
}

TEST_CASE("critic_steps updates of the discriminator to one of the generator")
{
    auto const images = test::noise_images();
    for (Model const& model : {test::models::dcgan, test::models::wgan_gp})
    {
        auto spec = test::small_training(model);
        spec.hyper.batch = 4;
        spec.hyper.critic_steps = 3;
        auto const trainer = make_trainer(spec, images, at::kCPU);
        trainer->step(0);
        Parameters const state = trainer->state();
        std::string const critic = model == test::models::dcgan ? "discriminator" : "critic";
        CHECK(values_of(state, critic + ".adam.0.step").front() == 3);
        CHECK(values_of(state, "generator.adam.0.step").front() == 1);
    }
}

TEST_CASE("Every model says how its steps went")
{
    auto const images = test::noise_images();
    std::map<std::string_view, std::set<std::string>> const names = {
        {"vae", {"reconstruction", "divergence"}},
        {"relu", {"reconstruction", "divergence"}},
        {"dcgan", {"discriminator", "generator", "critic_gap"}},
        {"wgan", {"critic", "generator", "critic_gap"}},
        {"wgan-gp", {"critic", "generator", "critic_gap", "gradient_norm", "gradient_penalty"}}};
    for (ModelEntry const& entry : model_table)
    {
        INFO(entry.name);
        auto const trainer = make_trainer(test::small_training(entry.kind), images, at::kCPU);
        trainer->step(0);
        auto const means = trainer->log().take();
        std::set<std::string> found;
        for (auto const& [name, mean] : means)
        {
            found.insert(name);
            CHECK(std::isfinite(mean));
        }
        CHECK(found == names.at(entry.name));
        CHECK(trainer->log().take().empty());
        if (entry.kind == test::models::wgan)
        {
            CHECK(means.at("critic") == Approx(-means.at("critic_gap")));
        }
        if (entry.kind == test::models::wgan_gp)
        {
            CHECK(means.at("critic") ==
                  Approx(means.at("gradient_penalty") - means.at("critic_gap")));
            // One batch of 8: λ mean (|g| − 1)² ≥ λ (mean |g| − 1)², and at most λ for |g| < 2.
            double const bound = 0.25 * std::pow(means.at("gradient_norm") - 1, 2);
            CHECK(means.at("gradient_penalty") >= bound * (1 - 1e-6));
            CHECK(means.at("gradient_penalty") < 0.25);
        }
    }
}

TEST_CASE("The log's means are over what was added since they were last taken")
{
    LogMeans log;
    log.add("a", at::tensor(1.0));
    log.add("a", at::tensor(4.0F).set_requires_grad(true));
    log.add("b", at::tensor(-2.0));
    CHECK(log.take() == std::map<std::string, double>{{"a", 2.5}, {"b", -2.0}});
    log.add("b", at::tensor(7.0));
    CHECK(log.take() == std::map<std::string, double>{{"b", 7.0}});
}

TEST_CASE("relu starts with the theorem's weights and learns the Gaussian likelihood's optimum")
{
    auto spec = test::small_training(test::models::relu);
    spec.hyper.hidden_layers = 3;
    spec.hyper.batch = 32;
    auto const images = test::noise_images();
    auto const trainer = make_trainer(spec, images, at::kCPU);
    Parameters const start = trainer->generator().parameters();
    REQUIRE(trainer->generator().spec().size() == 5);
    at::Tensor const output = model::to_tensor(start[6], at::kCPU, at::kDouble);
    REQUIRE(start[6].name == "output.weight");
    double const count = static_cast<double>(output.numel());
    auto const pixels = static_cast<double>(test::small_image.size());
    CHECK(output.std().item<double>() ==
          Approx(1 / std::sqrt(pixels)).margin(5 / std::sqrt(pixels * 2 * count)));

    trainer->step(0);
    auto const first = trainer->log().take();
    // G ≈ 0 at first, so a pixel u of the noise, uniform on [0, 1], costs u² / 2σ² and the
    // constant.
    double const constant = std::log(spec.hyper.observation_deviation * std::sqrt(2 * M_PI));
    double const square = 2 * spec.hyper.observation_deviation * spec.hyper.observation_deviation;
    CHECK(first.at("reconstruction") ==
          Approx(pixels * (1.0 / 3 / square + constant)).epsilon(0.05));
    for (std::int64_t step = 1; step < 40; ++step)
    {
        trainer->step(step);
    }
    trainer->log().take();
    trainer->step(40);
    // Noise has nothing to learn but its mean: then a pixel costs its variance 1/12.
    CHECK(trainer->log().take().at("reconstruction") <
          pixels * ((1.0 / 12 + 1.0 / 3) / 2 / square + constant));
}
