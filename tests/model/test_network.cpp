#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "model/network.hpp"
#include "model/random_network.hpp"

using namespace surf;
using namespace surf::model;

TEST_CASE("The generator is InfoGAN's: shapes, sizes and output range")
{
    RandomStream stream(1, "test", Purpose::weights, 0);
    Network const generator(generator_spec(20), stream, 0.02, at::kCPU);
    std::int64_t trainable = 0;
    for (at::Tensor const& tensor : generator.trainable())
    {
        trainable += tensor.numel();
    }
    // FC 20→1024, FC 1024→6272, transposed conv 128→64 and 64→1 (4 × 4), biases, and γ and β for
    // 1024 + 6272 + 64 batch-norm features.
    CHECK(trainable == 20 * 1024 + 1024 + 1024 * 6272 + 6272 + 128 * 64 * 16 + 64 + 64 * 16 + 1 +
                           2 * (1024 + 6272 + 64));

    at::Tensor const image = generator.forward(test::random_tensor({3, 20}, 2), Mode::evaluation);
    CHECK(image.sizes() == at::IntArrayRef({3, 784}));
    CHECK(image.min().item<float>() > 0);
    CHECK(image.max().item<float>() < 1);
}

TEST_CASE("The trunk gives the asked number of outputs")
{
    RandomStream stream(1, "test", Purpose::weights, 0);
    Network const trunk(trunk_spec(10), stream, 0.02, at::kCPU);
    CHECK(trunk.forward(test::random_tensor({4, 784}, 2), Mode::training).sizes() ==
          at::IntArrayRef({4, 10}));
}

TEST_CASE("Initial weights have the asked deviation, biases are 0, gammas 1")
{
    RandomStream stream(1, "test", Purpose::weights, 0);
    Network const network(generator_spec(5), stream, 0.02, at::kCPU);
    for (NamedArray const& array : network.parameters())
    {
        at::Tensor const values = to_tensor(array, at::kCPU, at::kDouble);
        INFO(array.name);
        if (array.name.ends_with(".weight"))
        {
            double const count = static_cast<double>(values.numel());
            CHECK(std::abs(values.mean().item<double>()) < 5 * 0.02 / std::sqrt(count));
            // The sample deviation deviates by σ / √(2 n).
            CHECK(values.std().item<double>() ==
                  Approx(0.02).margin(5 * 0.02 / std::sqrt(2 * count)));
        }
        else
        {
            bool const one = array.name.ends_with(".gamma") || array.name.ends_with(".variance");
            CHECK(values.eq(one ? 1.0 : 0.0).all().item<bool>());
        }
    }
}

TEST_CASE("Training mode normalises by the batch and moves the running statistics")
{
    RandomStream stream(1, "test", Purpose::weights, 0);
    Network const network(generator_spec(5), stream, 0.02, at::kCPU);
    auto const before = network.parameters();
    network.forward(test::random_tensor({8, 5}, 3), Mode::evaluation);
    auto const after_evaluation = network.parameters();
    network.forward(test::random_tensor({8, 5}, 3), Mode::training);
    auto const after_training = network.parameters();
    for (std::size_t i = 0; i < before.size(); ++i)
    {
        bool const statistic =
            before[i].name.ends_with(".mean") || before[i].name.ends_with(".variance");
        INFO(before[i].name);
        CHECK(after_evaluation[i].values == before[i].values);
        CHECK((after_training[i].values != before[i].values) == statistic);
    }
}

TEST_CASE("A network built from its own parameters computes the same bits")
{
    auto const parameters = test::random_generator(5, 4);
    Network const network(generator_spec(5), parameters, at::kCPU);
    Network const copy(generator_spec(5), network.parameters(), at::kCPU);
    at::Tensor const latents = test::random_tensor({4, 5}, 5);
    CHECK(at::equal(network.forward(latents, Mode::evaluation),
                    copy.forward(latents, Mode::evaluation)));
}
