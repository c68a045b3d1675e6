#include <ATen/ATen.h>  // before Catch2: it defines a CHECK of its own

#include <catch2/catch.hpp>

#include "app/job/estimate.hpp"
#include "model/network.hpp"
#include "support/models.hpp"

using namespace surf;
using namespace surf::app;

namespace models = surf::test::models;

namespace
{

TrainSpec spec_of(Model const& model, std::int64_t latent_dim, Shape const& image = {1, 28, 28})
{
    TrainSpec spec;
    spec.model = model;
    spec.latent_dim = latent_dim;
    spec.data.image = image;
    return spec;
}

}  // namespace

TEST_CASE("a chain's size is that of the generator's arrays and the samples", "[estimate]")
{
    constexpr std::int64_t samples = 64;
    for (std::int64_t const k : {1, 5, 20})
    {
        for (Model const& model : {models::dcgan, models::relu})
        {
            for (Shape const& image : {Shape{1, 28, 28}, Shape{3, 32, 16}})
            {
                TrainSpec spec = spec_of(model, k, image);
                spec.intervals = 7;
                RandomStream stream(1, "test", Purpose::weights, 0);
                model::Network const generator(*spec.generator().layers(), stream,
                                               model::Initialisation::normal(0.02), at::kCPU);
                std::int64_t values = samples * image.size();
                for (NamedArray const& array : generator.parameters())
                {
                    values += array.size();
                }
                CHECK(chain_bytes(spec) == 8 * 4 * values);
            }
        }
    }
}

TEST_CASE("blocks that fill packs are few files", "[estimate]")
{
    auto const files = [](std::int64_t trials) { return trial_files(5, trials, 10, 256).files; };
    CHECK(files(1) == 1);
    CHECK(files(2'559) == 256);
    CHECK(files(2'560) == 1);
    CHECK(files(2'561) == 2);
    CHECK(files(10'000'000) == 3'906 + 64);
    auto const bytes = [](std::int64_t trials) { return trial_files(5, trials, 10, 256).bytes; };
    CHECK(bytes(2'550) > 10 * bytes(2'560));
}

TEST_CASE("larger images take longer to train on, more updates of the critic too", "[estimate]")
{
    TrainSpec const small = spec_of(models::wgan, 5);
    CHECK(training_cost(spec_of(models::wgan, 5, {1, 56, 56})) > 3 * training_cost(small));
    CHECK(training_cost(spec_of(models::relu, 5)) < training_cost(spec_of(models::vae, 5)));
    TrainSpec often = small;
    often.hyper.critic_steps = 5;
    CHECK(training_cost(often) == Approx(3 * training_cost(small)));
    TrainSpec without_critic = spec_of(models::vae, 5);
    without_critic.hyper.critic_steps = 5;
    CHECK(training_cost(without_critic) == training_cost(spec_of(models::vae, 5)));
}

TEST_CASE("expected iterations go through the measured means and keep the limits", "[estimate]")
{
    StopRule const stop;
    CHECK(expected_iterations(5, stop) == Approx(700));
    CHECK(expected_iterations(10, stop) == Approx(4'500));
    CHECK(expected_iterations(20, stop) == Approx(26'000));
    CHECK(expected_iterations(7, stop) > 700);
    CHECK(expected_iterations(7, stop) < 4'500);
    CHECK(expected_iterations(1, stop) == stop.window);
    CHECK(expected_iterations(784, stop) == stop.max_iterations);
}

TEST_CASE("what a trial costs depends on the chain where its method rides along it", "[estimate]")
{
    CellSpec cell;
    cell.generator = spec_of(models::dcgan, 5).generator();
    auto const doubles_with_the_chain = [&](Method method) {
        cell.method = method;
        return trial_cost(cell, 2000) > 1.5 * trial_cost(cell, 1000);
    };
    CHECK_FALSE(doubles_with_the_chain(Method::adam));
    CHECK_FALSE(doubles_with_the_chain(Method::surfing));  // its budget is not the chain's
    CHECK_FALSE(doubles_with_the_chain(Method::lm));
    CHECK(doubles_with_the_chain(Method::surfing_lm));
    CHECK(doubles_with_the_chain(Method::projected));
    cell.projected.max_pieces = 1;
    double const one_piece = trial_cost(cell, 1000);
    cell.projected.max_pieces = 5;
    CHECK(trial_cost(cell, 1000) > 2 * one_piece);
}

TEST_CASE("a chain of 101 snapshots is 2.7 GB", "[estimate]")
{
    TrainSpec spec = spec_of(models::vae, 5);
    spec.intervals = 100;
    CHECK(chain_bytes(spec) == Approx(2.7e9).epsilon(0.02));
}

TEST_CASE("sizes and durations read well", "[estimate]")
{
    CHECK(bytes_text(0) == "0 B");
    CHECK(bytes_text(999) == "999 B");
    CHECK(bytes_text(1'500) == "1.5 kB");
    CHECK(bytes_text(2'640'000'000) == "2.6 GB");
    CHECK(bytes_text(999'999'999) == "1.0 GB");
    CHECK(duration_text(35) == "35 s");
    CHECK(duration_text(600) == "10 min");
    CHECK(duration_text(9'000) == "2.5 h");
    CHECK(duration_text(259'200) == "3.0 d");
}
