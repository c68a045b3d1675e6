#include <catch2/catch.hpp>
#include <cmath>

#include "trial/adam.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

/// Algorithm 1 of the Adam paper for one number, as printed there.
struct ScalarAdam
{
    double first = 0, second = 0, position = 0;
    int step_count = 0;

    void step(double gradient, AdamSettings const& settings)
    {
        ++step_count;
        first = settings.beta1 * first + (1 - settings.beta1) * gradient;
        second = settings.beta2 * second + (1 - settings.beta2) * gradient * gradient;
        double const first_hat = first / (1 - std::pow(settings.beta1, step_count));
        double const second_hat = second / (1 - std::pow(settings.beta2, step_count));
        position -= settings.learning_rate * first_hat / (std::sqrt(second_hat) + settings.epsilon);
    }
};

double gradient_at(int step, double position)
{
    return std::sin(step) + position;
}

}  // namespace

TEST_CASE("Adam follows the paper's recursion")
{
    AdamSettings const settings;
    ScalarAdam expected;
    at::Tensor latents = at::zeros({1, 1}, at::kDouble);
    Adam adam(settings, latents);
    for (int i = 0; i < 50; ++i)
    {
        double const gradient = gradient_at(i, expected.position);
        expected.step(gradient, settings);
        adam.step(latents, at::full({1, 1}, gradient, at::kDouble));
        REQUIRE(latents.item<double>() == Approx(expected.position).epsilon(1e-12));
    }
}

TEST_CASE("After a reset Adam starts afresh; selected rows keep their moments")
{
    at::Tensor const gradient = at::tensor({1.0, -2.0, 0.5}, at::kDouble).unsqueeze(1);
    at::Tensor latents = at::zeros({3, 1}, at::kDouble);
    Adam adam({}, latents);
    adam.step(latents, gradient);
    at::Tensor const first_move = latents.clone();

    SECTION("reset")
    {
        adam.step(latents, -gradient);
        adam.reset();
        latents.zero_();
        adam.step(latents, gradient);
        CHECK(at::allclose(latents, first_move, 1e-14, 0));
    }
    SECTION("select")
    {
        at::Tensor const rows = at::tensor({2, 0}, at::kLong);
        at::Tensor some = latents.index_select(0, rows);
        Adam part = select_rows(adam, rows);
        part.step(some, (gradient * 3).index_select(0, rows));
        adam.step(latents, gradient * 3);
        CHECK(at::allclose(some, latents.index_select(0, rows), 1e-14, 0));
    }
}
