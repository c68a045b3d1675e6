#include <catch2/catch.hpp>
#include <cmath>

#include "trial/operators.hpp"

using namespace surf;
using namespace surf::test;
using namespace surf::trial;

namespace
{

/// 50 images: number p of image i is (7 i + p) mod 256.
data::TestImages small_images(Shape const& shape = mnist_image)
{
    data::Images images{50, shape, {}, "small"};
    for (std::size_t i = 0; i < 50; ++i)
    {
        for (std::size_t p = 0; p < static_cast<std::size_t>(shape.size()); ++p)
        {
            images.pixels.push_back(static_cast<std::uint8_t>(7 * i + p));
        }
    }
    return data::TestImages(std::move(images));
}

CellSpec approximation(Shape const& image = mnist_image)
{
    CellSpec cell = seen_through(Operator::gaussian, 20, Draw::trial, image);
    cell.problem.task = Task::approximation;
    return cell;
}

/// Var z = 1, Var z² = 2, Var z⁴ = E z⁸ − 9 = 96.
void check_standard_normal(at::Tensor const& values)
{
    at::Tensor const standard = values.to(at::kDouble);
    double const count = static_cast<double>(standard.numel());
    CHECK(std::abs(standard.mean().item<double>()) < 5 / std::sqrt(count));
    CHECK(standard.pow(2).mean().item<double>() == Approx(1).margin(5 * std::sqrt(2 / count)));
    CHECK(standard.pow(4).mean().item<double>() == Approx(3).margin(5 * std::sqrt(96 / count)));
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
    CellSpec cell = seen_through(Operator::mask, 30);
    cell.problem.noise = 0.1;
    TrialInputs const whole = draw_inputs(cell, 0, 10);
    TrialInputs const part = draw_inputs(cell, 6, 3);
    CHECK(at::equal(whole.target_latent.slice(0, 6, 9), part.target_latent));
    CHECK(at::equal(whole.initial_latent.slice(0, 6, 9), part.initial_latent));
    CHECK(at::equal(whole.noise.slice(0, 6, 9), part.noise));

    data::TestImages const images = small_images();
    CHECK(at::equal(draw_inputs(approximation(), 0, 10, &images).target_image.slice(0, 6, 9),
                    draw_inputs(approximation(), 6, 3, &images).target_image));
}

TEST_CASE("Latents are uniform on [-1, 1], each kind of its own")
{
    CellSpec const cell = seen_through(Operator::identity, 784);
    TrialInputs const inputs = draw_inputs(cell, 0, 400);
    check_uniform(inputs.target_latent);
    check_uniform(inputs.initial_latent);
    CHECK_FALSE(at::equal(inputs.target_latent, inputs.initial_latent));
    CellSpec other = cell;
    other.problem.seed = 8;
    CHECK_FALSE(at::equal(draw_inputs(other, 0, 400).target_latent, inputs.target_latent));
}

TEST_CASE("Restarts are uniform on [-1, 1], and a trial's are its own whoever else starts again")
{
    CellSpec const cell = seen_through(Operator::identity, 784);
    RestartLatents all(cell, 0, 300);
    std::vector<std::int64_t> rows(300);
    std::iota(rows.begin(), rows.end(), 0);
    at::Tensor const first = all.next(rows);
    at::Tensor const second = all.next(rows);
    check_uniform(at::cat({first, second}));
    CHECK_FALSE(at::equal(first, draw_inputs(cell, 0, 300).initial_latent));

    RestartLatents some(cell, 20, 5);  // trials 20 to 24
    some.next({1, 3});
    at::Tensor const third_row_first_and_others = some.next({2, 3});
    CHECK(at::equal(third_row_first_and_others[0], first[22]));
    CHECK(at::equal(third_row_first_and_others[1], second[23]));
    CHECK_FALSE(at::equal(first[22], second[22]));
}

TEST_CASE("Noise is N(0, sigma^2) for each measurement, the same direction for every sigma")
{
    for (Operator const kind : {Operator::gaussian, Operator::identity})
    {
        CellSpec cell = seen_through(kind, 60);
        CHECK_FALSE(draw_inputs(cell, 0, 2).noise.defined());
        cell.problem.noise = 0.25;
        at::Tensor const noise = draw_inputs(cell, 0, 200).noise.to(at::kDouble);
        REQUIRE(noise.sizes() == at::IntArrayRef({200, cell.measurements()}));
        check_standard_normal(noise / 0.25);

        cell.problem.noise = 0.5;
        CHECK(at::equal(draw_inputs(cell, 0, 200).noise, (noise * 2).to(at::kFloat)));
    }
}

TEST_CASE("An approximation's target is the test image that the trial's stream names")
{
    data::TestImages const images = small_images();
    CellSpec const cell = approximation();
    TrialInputs const inputs = draw_inputs(cell, 3, 40, &images);
    REQUIRE(inputs.target_image.sizes() == at::IntArrayRef({40, 784}));
    CHECK(at::isnan(inputs.target_latent).all().item<bool>());
    std::int64_t different = 0;
    for (std::int64_t i = 0; i < 40; ++i)
    {
        RandomStream stream = cell.stream(Purpose::target_image, 3 + i);
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

TEST_CASE("A generator with a normal prior is searched and started again from N(0, 1)")
{
    CellSpec cell = seen_through(Operator::identity, 0);
    cell.generator.prior = Prior::normal;
    TrialInputs const inputs = draw_inputs(cell, 0, 400);
    check_standard_normal(inputs.target_latent);
    check_standard_normal(inputs.initial_latent);
    CHECK_FALSE(at::equal(inputs.target_latent, inputs.initial_latent));

    std::vector<std::int64_t> rows(400);
    std::iota(rows.begin(), rows.end(), 0);
    check_standard_normal(RestartLatents(cell, 0, 400).next(rows));
    CHECK(at::equal(draw_inputs(cell, 100, 7).target_latent,
                    inputs.target_latent.slice(0, 100, 107)));
}

TEST_CASE("Images are scaled into the range of the generator's values, channel by channel")
{
    constexpr Shape colour{3, 6, 4};
    data::TestImages const images = small_images(colour);
    CellSpec cell = approximation(colour);
    at::Tensor const plain = draw_inputs(cell, 0, 20, &images).target_image.to(at::kDouble);
    REQUIRE(plain.sizes() == at::IntArrayRef({20, 72}));
    CHECK(plain.min().item<double>() == 0);
    CHECK(plain.max().item<double>() == 1);
    auto const image = static_cast<std::int64_t>(cell.stream(Purpose::target_image, 0).below(50));
    at::Tensor const expected = at::remainder(at::arange(72, at::kDouble) + 7 * image, 256) / 255.0;
    CHECK(at::allclose(plain[0], expected, 1e-6, 1e-7));

    cell.generator.range = {-1, 3};
    at::Tensor const scaled = draw_inputs(cell, 0, 20, &images).target_image.to(at::kDouble);
    CHECK(scaled.min().item<double>() == -1);
    CHECK(scaled.max().item<double>() == 3);
    CHECK(at::allclose(scaled, plain * 4 - 1, 1e-6, 1e-6));
}

TEST_CASE("Images of another shape than the generator's are refused")
{
    data::TestImages const images = small_images({1, 14, 56});
    CHECK_THROWS_WITH(draw_inputs(approximation(), 0, 1, &images),
                      Catch::StartsWith("data: the images are 1 x 14 x 56, but test makes 1 x 28"));
}
