#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "bench/flop.hpp"
#include "bench/random_generator.hpp"
#include "support/models.hpp"
#include "trial/engine.hpp"

using namespace surf;

TEST_CASE("the FLOP of InfoGAN's generator at k = 5 are those counted by hand", "[flop]")
{
    NetworkSpec const spec = *bench::infogan(5).layers();
    // fc1: 5 × 1024, fc2: 1024 × 6272, deconv1: 128 × 64 × 4 × 4 at 7 × 7 places, deconv2: 64 × 4
    // × 4 at 14 × 14 places; a multiplication and an addition each.
    double const by_hand = 2.0 * (5'120 + 6'422'528 + 6'422'528 + 200'704);
    CHECK(by_hand == 26'101'760);
    CHECK(bench::forward_flop(spec) == by_hand);
    CHECK(bench::trial_iteration_flop(spec) == 52'203'520);
}

TEST_CASE("a convolution costs its weights at every place of its output", "[flop]")
{
    NetworkSpec const spec = {{.name = "conv",
                               .kind = LayerKind::conv,
                               .input = {3, 28, 28},
                               .output = {10, 14, 14},
                               .kernel = 4,
                               .stride = 2,
                               .padding = 1}};
    CHECK(bench::forward_flop(spec) == 2.0 * 10 * 3 * 4 * 4 * 14 * 14);
}

TEST_CASE("a training step costs its passes through both networks", "[flop]")
{
    // Generator at k = 5, first layer 2 × 5120; discriminator: conv1 64 × 4 × 4 at 14 × 14 places,
    // conv2 and fc1 as the generator's, fc2 1024.
    double const generator = 26'101'760;
    double const critic = 2.0 * (200'704 + 6'422'528 + 6'422'528 + 1'024);
    double const expected = 3 * generator - 10'240 + 2 * (3 * critic - 401'408) + 2 * critic;
    GeneratorSize const size{bench::image_shape, 5};
    CHECK(bench::training_flop(test::models::dcgan, size) == expected);
    CHECK(bench::training_flop(test::models::wgan, size) == expected);
    CHECK(bench::training_flop(test::models::vae, size) ==
          3 * generator + 3 * (critic + 2.0 * 9 * 1'024) - 401'408);
    CHECK_FALSE(bench::training_flop(test::models::wgan_gp, size));
}

TEST_CASE("the random generator gives images and gradients that are finite and not zero", "[flop]")
{
    GeneratorSpec const spec = bench::infogan(5);
    auto const generator =
        trial::frozen_evaluators(at::kCPU)(spec, bench::random_parameters(spec), at::kFloat);
    at::Tensor const images = generator->forward(at::full({2, 5}, 0.5));
    CHECK(at::isfinite(images).all().item<bool>());
    CHECK(images.min().item<double>() > 0);
    CHECK(images.max().item<double>() < 1);
    at::Tensor const gradient = generator->backward(at::ones({2, 784}));
    CHECK(at::isfinite(gradient).all().item<bool>());
    CHECK(gradient.norm().item<double>() > 0);
}
