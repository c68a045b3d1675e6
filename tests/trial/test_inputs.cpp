#include <catch2/catch.hpp>
#include <cmath>

#include "trial/inputs.hpp"

using namespace surf::trial;

namespace
{

Problem problem(Task task, std::int64_t measurements)
{
    return {.seed = 7, .latent_dim = 5, .task = task, .measurements = measurements};
}

}  // namespace

TEST_CASE("A trial's inputs do not depend on the block that it is cut into")
{
    Problem const recovery = problem(Task::recovery, 30);
    TrialInputs const whole = draw_inputs(recovery, 0, 10);
    TrialInputs const part = draw_inputs(recovery, 6, 3);
    CHECK(at::equal(whole.target_latent.slice(0, 6, 9), part.target_latent));
    CHECK(at::equal(whole.initial_latent.slice(0, 6, 9), part.initial_latent));
    CHECK(at::equal(whole.measurement.slice(0, 6, 9), part.measurement));
}

TEST_CASE("Latents are uniform on [-1, 1], matrix entries N(0, 1/m)")
{
    TrialInputs const inputs = draw_inputs(problem(Task::recovery, 50), 0, 40);
    for (at::Tensor const& latent : {inputs.target_latent, inputs.initial_latent})
    {
        double const count = static_cast<double>(latent.numel());
        CHECK(latent.min().item<double>() >= -1);
        CHECK(latent.max().item<double>() <= 1);
        // Uniform on [−1, 1] has variance 1/3.
        CHECK(std::abs(latent.mean().item<double>()) < 5 * std::sqrt(1 / (3 * count)));
    }
    CHECK_FALSE(at::equal(inputs.target_latent, inputs.initial_latent));

    at::Tensor const matrix = inputs.measurement.to(at::kDouble);
    REQUIRE(matrix.sizes() == at::IntArrayRef({40, 50, 784}));
    double const count = static_cast<double>(matrix.numel());
    double const deviation = 1 / std::sqrt(50.0);
    CHECK(std::abs(matrix.mean().item<double>()) < 5 * deviation / std::sqrt(count));
    CHECK(matrix.std().item<double>() ==
          Approx(deviation).margin(5 * deviation / std::sqrt(2 * count)));
}

TEST_CASE("Inversion has no matrix; other seeds and dimensions have other inputs")
{
    Problem const inversion = problem(Task::inversion, 784);
    TrialInputs const inputs = draw_inputs(inversion, 0, 2);
    CHECK_FALSE(inputs.measurement.defined());
    Problem other = inversion;
    other.seed = 8;
    CHECK_FALSE(at::equal(draw_inputs(other, 0, 2).target_latent, inputs.target_latent));
}
