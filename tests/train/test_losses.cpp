#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "train/gan.hpp"
#include "train/vae.hpp"

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
    for (std::size_t i = 0; i < real.size(); ++i)
    {
        discriminator -= (std::log(sigmoid(real[i])) + std::log(1 - sigmoid(fake[i]))) / 3;
        generator -= std::log(sigmoid(fake[i])) / 3;
    }
    CHECK(discriminator_loss(at::tensor(real), at::tensor(fake)).item<double>() ==
          Approx(discriminator));
    CHECK(generator_loss(at::tensor(fake)).item<double>() == Approx(generator));
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

    // KL of N(μ, σ²) to N(0, 1), by numerical integration of q log(q / p).
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
