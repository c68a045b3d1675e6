#include <catch2/catch.hpp>
#include <cmath>

#include "trial/operators.hpp"

using namespace surf;
using namespace surf::test;
using namespace surf::trial;

namespace
{

/// 50 images: pixel p of image i is (7 i + p) mod 256.
data::TestImages small_images()
{
    data::Images images{50, 28, 28, {}, "small"};
    for (std::size_t i = 0; i < 50; ++i)
    {
        for (std::size_t p = 0; p < 784; ++p)
        {
            images.pixels.push_back(static_cast<std::uint8_t>(7 * i + p));
        }
    }
    return data::TestImages(std::move(images));
}

Problem approximation()
{
    Problem problem = seen_through(Operator::gaussian, 20);
    problem.task = Task::approximation;
    return problem;
}

/// Uniform on [−1, 1] has variance 1/3, its square variance 1/5 − 1/9.
void check_uniform(at::Tensor const& latents)
{
    at::Tensor const values = latents.to(at::kDouble);
    double const count = static_cast<double>(values.numel());
    CHECK(values.min().item<double>() >= -1);
    CHECK(values.max().item<double>() <= 1);
    CHECK(std::abs(values.mean().item<double>()) < 5 * std::sqrt(1 / (3 * count)));
    CHECK(values.pow(2).mean().item<double>() ==
          Approx(1.0 / 3).margin(5 * std::sqrt((1.0 / 5 - 1.0 / 9) / count)));
}

}  // namespace

TEST_CASE("A trial's inputs do not depend on the block that it is cut into")
{
    Problem problem = seen_through(Operator::mask, 30);
    problem.noise = 0.1;
    TrialInputs const whole = draw_inputs(problem, 0, 10);
    TrialInputs const part = draw_inputs(problem, 6, 3);
    CHECK(at::equal(whole.target_latent.slice(0, 6, 9), part.target_latent));
    CHECK(at::equal(whole.initial_latent.slice(0, 6, 9), part.initial_latent));
    CHECK(at::equal(whole.noise.slice(0, 6, 9), part.noise));

    data::TestImages const images = small_images();
    CHECK(at::equal(draw_inputs(approximation(), 0, 10, &images).target_image.slice(0, 6, 9),
                    draw_inputs(approximation(), 6, 3, &images).target_image));
}

TEST_CASE("Latents are uniform on [-1, 1], each kind of its own")
{
    Problem const problem = seen_through(Operator::identity, 784);
    TrialInputs const inputs = draw_inputs(problem, 0, 400);
    check_uniform(inputs.target_latent);
    check_uniform(inputs.initial_latent);
    CHECK_FALSE(at::equal(inputs.target_latent, inputs.initial_latent));
    Problem other = problem;
    other.seed = 8;
    CHECK_FALSE(at::equal(draw_inputs(other, 0, 400).target_latent, inputs.target_latent));
}

TEST_CASE("Restarts are uniform on [-1, 1], and a trial's are its own whoever else starts again")
{
    Problem const problem = seen_through(Operator::identity, 784);
    RestartLatents all(problem, 0, 300);
    std::vector<std::int64_t> rows(300);
    std::iota(rows.begin(), rows.end(), 0);
    at::Tensor const first = all.next(rows);
    at::Tensor const second = all.next(rows);
    check_uniform(at::cat({first, second}));
    CHECK_FALSE(at::equal(first, draw_inputs(problem, 0, 300).initial_latent));

    RestartLatents some(problem, 20, 5);  // trials 20 to 24
    some.next({1, 3});
    at::Tensor const third_row_first_and_others = some.next({2, 3});
    CHECK(at::equal(third_row_first_and_others[0], first[22]));
    CHECK(at::equal(third_row_first_and_others[1], second[23]));
    CHECK_FALSE(at::equal(first[22], second[22]));
}

TEST_CASE("Noise is N(0, sigma^2) for each measurement, the same direction for every sigma")
{
    for (Operator const measurement : {Operator::gaussian, Operator::identity})
    {
        Problem problem = seen_through(measurement, measurement == Operator::identity ? 784 : 60);
        CHECK_FALSE(draw_inputs(problem, 0, 2).noise.defined());
        problem.noise = 0.25;
        at::Tensor const noise = draw_inputs(problem, 0, 200).noise.to(at::kDouble);
        REQUIRE(noise.sizes() == at::IntArrayRef({200, problem.measurements}));
        at::Tensor const standard = noise / 0.25;
        double const count = static_cast<double>(standard.numel());
        CHECK(std::abs(standard.mean().item<double>()) < 5 / std::sqrt(count));
        CHECK(standard.pow(2).mean().item<double>() == Approx(1).margin(5 * std::sqrt(2 / count)));
        CHECK(standard.pow(4).mean().item<double>() == Approx(3).margin(5 * std::sqrt(96 / count)));

        problem.noise = 0.5;
        CHECK(at::equal(draw_inputs(problem, 0, 200).noise, (noise * 2).to(at::kFloat)));
    }
}

TEST_CASE("An approximation's target is the test image that the trial's stream names")
{
    data::TestImages const images = small_images();
    Problem const problem = approximation();
    TrialInputs const inputs = draw_inputs(problem, 3, 40, &images);
    REQUIRE(inputs.target_image.sizes() == at::IntArrayRef({40, 784}));
    CHECK(at::isnan(inputs.target_latent).all().item<bool>());
    std::int64_t different = 0;
    for (std::int64_t i = 0; i < 40; ++i)
    {
        RandomStream stream(problem.seed, problem.stream_domain(), Purpose::target_image,
                            static_cast<std::uint64_t>(3 + i));
        auto const chosen = static_cast<std::int64_t>(stream.below(50));
        at::Tensor const expected =
            at::remainder(at::arange(784, at::kDouble) + 7 * chosen, 256) / 255.0;
        CHECK(at::allclose(inputs.target_image[i].to(at::kDouble), expected, 1e-6, 1e-7));
        different += at::equal(inputs.target_image[i], inputs.target_image[0]) ? 0 : 1;
    }
    CHECK(different > 30);
}

TEST_CASE("A task with a latent has no image")
{
    TrialInputs const inputs = draw_inputs(seen_through(Operator::identity, 784), 0, 2);
    CHECK_FALSE(inputs.target_image.defined());
    CHECK_FALSE(at::isnan(inputs.target_latent).any().item<bool>());
}
