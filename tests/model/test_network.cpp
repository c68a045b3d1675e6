#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "base/error.hpp"
#include "model/network.hpp"
#include "model/random_network.hpp"

using namespace surf;
using namespace surf::model;

namespace
{

Network fresh(NetworkSpec const& spec, Initialisation const& initialisation)
{
    RandomStream stream(1, "test", Purpose::weights, 0);
    return Network(spec, stream, initialisation, at::kCPU);
}

NetworkSpec infogan(std::int64_t latent_dim)
{
    return generator_spec(ModelKind::dcgan, latent_dim, 0);
}

std::int64_t trainable_count(Network const& network)
{
    std::int64_t count = 0;
    for (at::Tensor const& tensor : network.trainable())
    {
        count += tensor.numel();
    }
    return count;
}

/// Whether mean and deviation of the values are those of a sample of N(0, deviation²), at 5 σ.
void check_normal(NamedArray const& array, double deviation)
{
    at::Tensor const values = to_tensor(array, at::kCPU, at::kDouble);
    double const count = static_cast<double>(values.numel());
    INFO(array.name << ", deviation " << deviation);
    CHECK(std::abs(values.mean().item<double>()) < 5 * deviation / std::sqrt(count));
    // The sample's deviation deviates by σ / √(2 (n − 1)).
    CHECK(values.std().item<double>() ==
          Approx(deviation).margin(5 * deviation / std::sqrt(2 * (count - 1))));
}

bool all_equal(NamedArray const& array, float value)
{
    return std::ranges::all_of(array.values, [&](float x) { return x == value; });
}

}  // namespace

TEST_CASE("The generator of every model but relu is InfoGAN's: shapes, sizes and output range")
{
    for (ModelKind const model :
         {ModelKind::vae, ModelKind::dcgan, ModelKind::wgan, ModelKind::wgan_gp})
    {
        Network const generator = fresh(generator_spec(model, 20, 2), Initialisation::normal(0.02));
        // FC 20→1024, FC 1024→6272, transposed conv 128→64 and 64→1 (4 × 4), biases, and γ and β
        // for 1024 + 6272 + 64 batch-norm features.
        CHECK(trainable_count(generator) == 20 * 1024 + 1024 + 1024 * 6272 + 6272 + 128 * 64 * 16 +
                                                64 + 64 * 16 + 1 + 2 * (1024 + 6272 + 64));
        at::Tensor const image =
            generator.forward(test::random_tensor({3, 20}, 2), Mode::evaluation);
        CHECK(image.sizes() == at::IntArrayRef({3, 784}));
        CHECK(image.min().item<float>() > 0);
        CHECK(image.max().item<float>() < 1);
    }
}

TEST_CASE("relu's hidden layers widen by 5 up to the image, its last has no bias to train")
{
    auto const widths = [](std::int64_t latent_dim, std::int64_t hidden_layers) {
        std::vector<std::int64_t> outputs;
        for (LayerSpec const& layer : generator_spec(ModelKind::relu, latent_dim, hidden_layers))
        {
            outputs.push_back(layer.output.size());
        }
        return outputs;
    };
    CHECK(widths(5, 1) == std::vector<std::int64_t>{25, 784});
    CHECK(widths(5, 2) == std::vector<std::int64_t>{25, 125, 784});
    CHECK(widths(20, 3) == std::vector<std::int64_t>{100, 500, 784, 784});

    Network const generator =
        fresh(generator_spec(ModelKind::relu, 5, 2), Initialisation::normal(0.02));
    CHECK(trainable_count(generator) == 25 * 5 + 25 + 125 * 25 + 125 + 784 * 125);
}

TEST_CASE("relu computes V relu(W2 relu(W1 x + b1) + b2)")
{
    auto const spec = generator_spec(ModelKind::relu, 2, 2);
    Network const generator = fresh(spec, Initialisation::by_outputs());
    auto const arrays = generator.parameters();
    std::vector<double> const latent = {0.8, -0.3};

    auto const affine = [&](std::string const& layer, std::vector<double> const& input) {
        NamedArray const* weight = nullptr;
        NamedArray const* bias = nullptr;
        for (NamedArray const& array : arrays)
        {
            weight = array.name == layer + ".weight" ? &array : weight;
            bias = array.name == layer + ".bias" ? &array : bias;
        }
        std::vector<double> output(bias->values.begin(), bias->values.end());
        for (std::size_t i = 0; i < output.size(); ++i)
        {
            for (std::size_t j = 0; j < input.size(); ++j)
            {
                output[i] += weight->values[i * input.size() + j] * input[j];
            }
        }
        return output;
    };
    auto const relu = [](std::vector<double> values) {
        for (double& value : values)
        {
            value = std::max(value, 0.0);
        }
        return values;
    };
    auto const expected =
        affine("output", relu(affine("hidden2", relu(affine("hidden1", latent)))));

    at::Tensor const image =
        generator.forward(at::tensor({0.8F, -0.3F}).reshape({1, 2}), Mode::training);
    REQUIRE(image.sizes() == at::IntArrayRef({1, 784}));
    CHECK(test::relative_error(image.to(at::kDouble)[0], at::tensor(expected)) < 1e-6);
    CHECK(image.min().item<float>() < 0);
}

TEST_CASE("The trunk gives the asked number of outputs")
{
    Network const trunk = fresh(trunk_spec(10, Normalisation::batch), Initialisation::normal(0.02));
    CHECK(trunk.forward(test::random_tensor({4, 784}, 2), Mode::training).sizes() ==
          at::IntArrayRef({4, 10}));
    // Conv 1→64 and 64→128 (4 × 4), FC 6272→1024, FC 1024→10, biases, batch norm of 128 + 1024.
    std::int64_t const plain =
        64 * 16 + 64 + 64 * 128 * 16 + 128 + 6272 * 1024 + 1024 + 1024 * 10 + 10;
    CHECK(trainable_count(trunk) == plain + 2 * (128 + 1024));
    CHECK(trainable_count(
              fresh(trunk_spec(10, Normalisation::none), Initialisation::normal(0.02))) == plain);
}

TEST_CASE("Without batch norm, the trunk's score of an image does not depend on the others")
{
    at::Tensor const images = test::random_tensor({4, 784}, 2);
    for (auto const normalisation : {Normalisation::none, Normalisation::batch})
    {
        Network const trunk = fresh(trunk_spec(1, normalisation), Initialisation::normal(0.02));
        at::Tensor const together = trunk.forward(images, Mode::training).narrow(0, 0, 2);
        at::Tensor const apart = trunk.forward(images.narrow(0, 0, 2), Mode::training);
        CHECK((test::relative_error(apart, together) < 1e-5) ==
              (normalisation == Normalisation::none));
    }
}

TEST_CASE("Initial weights have the asked deviation, biases are 0, gammas 1")
{
    for (NamedArray const& array : fresh(infogan(5), Initialisation::normal(0.02)).parameters())
    {
        if (array.name.ends_with(".weight"))
        {
            check_normal(array, 0.02);
        }
        else
        {
            bool const one = array.name.ends_with(".gamma") || array.name.ends_with(".variance");
            INFO(array.name);
            CHECK(all_equal(array, one ? 1 : 0));
        }
    }
}

TEST_CASE("The theorem's initial weights and biases have the variance 1 / outputs")
{
    auto const spec = generator_spec(ModelKind::relu, 20, 2);
    for (NamedArray const& array : fresh(spec, Initialisation::by_outputs()).parameters())
    {
        if (array.name == "output.bias")
        {
            CHECK(all_equal(array, 0));
        }
        else
        {
            check_normal(array, 1 / std::sqrt(static_cast<double>(array.shape.front())));
        }
    }
}

TEST_CASE("The stored arrays tell how many hidden layers a relu generator has")
{
    for (std::int64_t const hidden_layers : {1, 2, 4})
    {
        auto const spec = generator_spec(ModelKind::relu, 3, hidden_layers);
        auto const parameters = test::random_parameters(spec, 7);
        auto const stored = stored_generator_spec(ModelKind::relu, 3, parameters);
        REQUIRE(stored.size() == spec.size());
        at::Tensor const latents = test::random_tensor({2, 3}, 8);
        CHECK(at::equal(Network(stored, parameters, at::kCPU).forward(latents, Mode::evaluation),
                        Network(spec, parameters, at::kCPU).forward(latents, Mode::evaluation)));
    }
    auto const parameters = test::random_generator(3, 7);
    CHECK(stored_generator_spec(ModelKind::wgan, 3, parameters).size() == 4);
}

TEST_CASE("Stored arrays that do not fit the model are refused by name")
{
    auto parameters = test::random_parameters(generator_spec(ModelKind::relu, 3, 2), 7);
    auto const stored = [&](ModelKind model, std::int64_t latent_dim) {
        return stored_generator_spec(model, latent_dim, parameters);
    };
    CHECK_THROWS_WITH(stored(ModelKind::relu, 4),
                      Catch::Contains("hidden1.weight") && Catch::Contains("[20, 4]"));
    CHECK_THROWS_WITH(stored(ModelKind::dcgan, 3), Catch::Contains("fc1.weight is missing"));
    std::erase_if(parameters, [](NamedArray const& array) { return array.name == "hidden2.bias"; });
    CHECK_THROWS_WITH(stored(ModelKind::relu, 3), Catch::Contains("hidden2.bias is missing"));
    // One weight fewer looks like one layer fewer, whose output would be narrower.
    std::erase_if(parameters,
                  [](NamedArray const& array) { return array.name == "hidden2.weight"; });
    CHECK_THROWS_WITH(stored(ModelKind::relu, 3),
                      Catch::Contains("output.weight") && Catch::Contains("[784, 15]"));
    parameters.clear();
    CHECK_THROWS_AS(stored(ModelKind::relu, 3), FileError);

    parameters = test::random_generator(3, 7);
    CHECK_THROWS_WITH(stored(ModelKind::relu, 3), Catch::Contains("hidden1.weight is missing"));
    std::erase_if(parameters,
                  [](NamedArray const& array) { return array.name == "fc2.bn.variance"; });
    CHECK_THROWS_WITH(stored(ModelKind::vae, 3), Catch::Contains("fc2.bn.variance is missing"));
}

TEST_CASE("Training mode normalises by the batch and moves the running statistics")
{
    Network const network = fresh(infogan(5), Initialisation::normal(0.02));
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

TEST_CASE("Groups of a batch are normalised as if they came one after the other")
{
    auto const spec = trunk_spec(1, Normalisation::batch);
    auto const parameters = test::random_parameters(spec, 3);
    Network const together(spec, parameters, at::kCPU, at::kDouble);
    Network const apart(spec, parameters, at::kCPU, at::kDouble);
    at::Tensor const first = test::random_tensor({4, 784}, 1).to(at::kDouble);
    at::Tensor const second = test::random_tensor({4, 784}, 2).to(at::kDouble) * 3;

    at::Tensor const scores = together.forward(at::cat({first, second}), Mode::training, 2);
    at::Tensor const expected =
        at::cat({apart.forward(first, Mode::training), apart.forward(second, Mode::training)});
    CHECK(test::relative_error(scores, expected) < 1e-12);
    CHECK(test::relative_error(together.forward(at::cat({first, second}), Mode::training),
                               expected) > 1e-3);

    Network const fresh_again(spec, parameters, at::kCPU, at::kDouble);
    fresh_again.forward(at::cat({first, second}), Mode::training, 2);
    auto const expected_arrays = apart.parameters();
    auto const arrays = fresh_again.parameters();
    for (std::size_t i = 0; i < arrays.size(); ++i)
    {
        INFO(arrays[i].name);  // the running statistics have moved, the rest has not
        CHECK(test::relative_error(view_of(arrays[i]), view_of(expected_arrays[i])) < 1e-6);
    }
}

TEST_CASE("A network built from its own parameters computes the same bits")
{
    auto const parameters = test::random_generator(5, 4);
    Network const network(infogan(5), parameters, at::kCPU);
    Network const copy(infogan(5), network.parameters(), at::kCPU);
    at::Tensor const latents = test::random_tensor({4, 5}, 5);
    CHECK(at::equal(network.forward(latents, Mode::evaluation),
                    copy.forward(latents, Mode::evaluation)));
}
