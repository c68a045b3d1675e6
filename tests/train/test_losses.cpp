#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "train/gan.hpp"
#include "train/vae.hpp"
#include "train/wgan.hpp"

using namespace surf::train;

namespace
{

double sigmoid(double x)
{
    return 1 / (1 + std::exp(-x));
}

std::vector<double> const real = {2.0, -0.5, 0.3};
std::vector<double> const fake = {-1.0, 0.7, 3.0};

}  // namespace

TEST_CASE("The GAN losses are the printed formulas")
{
    double discriminator = 0;
    double generator = 0;
    double gap = 0;
    for (std::size_t i = 0; i < real.size(); ++i)
    {
        discriminator -= (std::log(sigmoid(real[i])) + std::log(1 - sigmoid(fake[i]))) / 3;
        generator -= std::log(sigmoid(fake[i])) / 3;
        gap += (sigmoid(real[i]) - sigmoid(fake[i])) / 3;
    }
    CHECK(discriminator_loss(at::tensor(real), at::tensor(fake)).item<double>() ==
          Approx(discriminator));
    CHECK(non_saturating_loss(at::tensor(fake)).item<double>() == Approx(generator));
    CHECK(probability_gap(at::tensor(real), at::tensor(fake)).item<double>() == Approx(gap));
}

TEST_CASE("The Wasserstein loss is mean C(fake) - mean C(real)")
{
    // (-1 + 0.7 + 3) / 3 - (2 - 0.5 + 0.3) / 3
    CHECK(wasserstein_loss(at::tensor(real), at::tensor(fake)).item<double>() == Approx(0.3));
}

TEST_CASE("The VAE losses are the printed formulas: sums over pixels, means over the batch")
{
    at::Tensor const logits = at::tensor({0.4, -1.2, 2.0, 0.1}).reshape({2, 2});
    at::Tensor const images = at::tensor({1.0, 0.2, 0.0, 0.5}).reshape({2, 2});
    double expected = 0;
    for (std::int64_t i = 0; i < 4; ++i)
    {
        double const p = sigmoid(logits.flatten()[i].item<double>());
        double const y = images.flatten()[i].item<double>();
        expected -= (y * std::log(p) + (1 - y) * std::log(1 - p)) / 2;
    }
    CHECK(bernoulli_loss(logits, images).item<double>() == Approx(expected).epsilon(1e-6));
}

TEST_CASE("The Gaussian likelihood is the normal density of every pixel")
{
    std::vector<double> const means = {0.4, -1.2, 2.0, 0.1, 0.3, 0.9};
    std::vector<double> const pixels = {1.0, 0.2, 0.0, 0.5, 0.3, 0.7};
    double const deviation = 0.3;
    double density = 1;  // of both images
    for (std::size_t i = 0; i < means.size(); ++i)
    {
        double const z = (pixels[i] - means[i]) / deviation;
        density *= std::exp(-0.5 * z * z) / (deviation * std::sqrt(2 * M_PI));
    }
    auto const shaped = [](std::vector<double> const& values) {
        return at::tensor(values).reshape({2, 3});
    };
    CHECK(gaussian_loss(shaped(means), shaped(pixels), deviation).item<double>() ==
          Approx(-std::log(density) / 2));
}

TEST_CASE("The divergence is the integral of q log(q / p)")
{
    double const mean = 0.7;
    double const log_variance = -0.9;
    double const deviation = std::exp(0.5 * log_variance);
    double integral = 0;
    double const step = 1e-3;
    for (double x = -12; x < 12; x += step)
    {
        double const q = std::exp(-0.5 * std::pow((x - mean) / deviation, 2)) / deviation;
        double const log_ratio =
            -0.5 * std::pow((x - mean) / deviation, 2) - std::log(deviation) + 0.5 * x * x;
        integral += q * log_ratio * step / std::sqrt(2 * M_PI);
    }
    at::Tensor const two_latents = at::full({1, 2}, mean, at::kDouble);
    CHECK(
        gaussian_divergence(two_latents, at::full_like(two_latents, log_variance)).item<double>() ==
        Approx(2 * integral).epsilon(1e-5));
}
