#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "train/batches.hpp"
#include "train/small_training.hpp"

using namespace surf;
using namespace surf::train;

TEST_CASE("An epoch shows every image once, in an order of its own")
{
    auto const images = test::noise_images();
    auto const spec = test::small_training(test::models::dcgan);
    Batches batches(spec, images, at::kCPU);
    std::int64_t const steps = images.count / spec.hyper.batch;
    // Noise images differ in their sums.
    auto const epoch_sums = [&](std::int64_t first) {
        std::vector<double> sums;
        for (std::int64_t step = first; step < first + steps; ++step)
        {
            at::Tensor const batch = batches.images(step);
            REQUIRE(batch.sizes() == at::IntArrayRef({spec.hyper.batch, test::small_image.size()}));
            CHECK(batch.max().item<float>() <= 1);
            for (std::int64_t i = 0; i < spec.hyper.batch; ++i)
            {
                sums.push_back(batch[i].to(at::kDouble).sum().item<double>());
            }
        }
        return sums;
    };
    auto const first = epoch_sums(0);
    auto const second = epoch_sums(steps);
    CHECK(std::set<double>(first.begin(), first.end()).size() == 200);
    CHECK(std::set<double>(first.begin(), first.end()) ==
          std::set<double>(second.begin(), second.end()));
    CHECK(first != second);
    CHECK(epoch_sums(0) == first);
}

TEST_CASE("Noise depends on the step alone")
{
    auto const images = test::noise_images();
    auto const spec = test::small_training(test::models::vae);
    Batches const one(spec, images, at::kCPU);
    Batches const other(spec, images, at::kCPU);
    CHECK(at::equal(one.normal_noise(7), other.normal_noise(7)));
    CHECK_FALSE(at::equal(one.normal_noise(7), one.normal_noise(8)));
    CHECK(at::equal(one.uniform_latents(7), other.uniform_latents(7)));
    CHECK(one.uniform_latents(7).abs().max().item<float>() <= 1);
    CHECK(at::equal(one.mixing_weights(7, 1), other.mixing_weights(7, 1)));
    CHECK_FALSE(at::equal(one.mixing_weights(7, 1), one.mixing_weights(8, 1)));
}

TEST_CASE("Mixing weights are uniform on [0, 1], one a sample")
{
    auto spec = test::small_training(test::models::wgan_gp);
    spec.hyper.batch = 200;
    auto const images = test::noise_images();
    Batches const batches(spec, images, at::kCPU);
    at::Tensor const weights = batches.mixing_weights(3, 1);
    REQUIRE(weights.sizes() == at::IntArrayRef({200, 1}));
    CHECK(batches.mixing_weights(3, 784).sizes() == at::IntArrayRef({200, 784}));
    CHECK(weights.min().item<float>() >= 0);
    CHECK(weights.max().item<float>() <= 1);
    // A uniform variable has the variance 1/12, its square the mean 1/3 and the variance 4/45.
    CHECK(weights.mean().item<double>() == Approx(0.5).margin(5 * std::sqrt(1.0 / 12 / 200)));
    CHECK(weights.square().mean().item<double>() ==
          Approx(1.0 / 3).margin(5 * std::sqrt(4.0 / 45 / 200)));
}

TEST_CASE("A batch larger than the data is refused")
{
    auto spec = test::small_training(test::models::vae);
    spec.hyper.batch = 201;
    auto const images = test::noise_images();
    CHECK_THROWS_WITH(Batches(spec, images, at::kCPU),
                      Catch::Contains("train.batch = 201") && Catch::Contains("200 images"));
}
