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

TEST_CASE("InfoGAN's generator has its sizes and output range, for images of any shape")
{
    for (Shape const& image : {Shape{1, 28, 28}, Shape{3, 32, 24}})
    {
        Network const generator =
            fresh(infogan_generator({image, 20}), Initialisation::normal(0.02));
        // FC 20→1024, FC 1024→units, transposed conv 128→64 and 64→channels (4 × 4), biases, and
        // scale and shift for 1024 + units + 64 batch-norm features.
        std::int64_t const units = 128 * (image.height / 4) * (image.width / 4);
        CHECK(trainable_count(generator) == 20 * 1024 + 1024 + 1024 * units + units +
                                                128 * 64 * 16 + 64 + 64 * image.channels * 16 +
                                                image.channels + 2 * (1024 + units + 64));
        at::Tensor const made =
            generator.forward(test::random_tensor({3, 20}, 2), Mode::evaluation);
        CHECK(made.sizes() == at::IntArrayRef({3, image.size()}));
        CHECK(made.min().item<float>() > 0);
        CHECK(made.max().item<float>() < 1);
    }
}

TEST_CASE("relu's hidden layers widen by 5 up to the image, its last has no bias to train")
{
    auto const widths = [](std::int64_t latent_dim, std::int64_t hidden_layers) {
        std::vector<std::int64_t> outputs;
        for (LayerSpec const& layer : test::relu_network(latent_dim, hidden_layers))
        {
            outputs.push_back(layer.output.size());
        }
        CHECK(outputs.back() == 784);  // of the reshape
        outputs.pop_back();
        return outputs;
    };
    CHECK(widths(5, 1) == std::vector<std::int64_t>{25, 784});
    CHECK(widths(5, 2) == std::vector<std::int64_t>{25, 125, 784});
    CHECK(widths(20, 3) == std::vector<std::int64_t>{100, 500, 784, 784});

    Network const generator = fresh(test::relu_network(5, 2), Initialisation::normal(0.02));
    CHECK(trainable_count(generator) == 25 * 5 + 25 + 125 * 25 + 125 + 784 * 125);
}

TEST_CASE("relu computes V relu(W2 relu(W1 x + b1) + b2)")
{
    auto const spec = test::relu_network(2, 2);
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
        std::vector<double> output(static_cast<std::size_t>(weight->shape.front()));
        if (bias != nullptr)
        {
            std::ranges::copy(bias->values, output.begin());
        }
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
    Network const trunk =
        fresh(infogan_trunk(test::mnist_image, 10, TrunkNorm::batch), Initialisation::normal(0.02));
    CHECK(trunk.forward(test::random_tensor({4, 784}, 2), Mode::training).sizes() ==
          at::IntArrayRef({4, 10}));
    // Conv 1→64 and 64→128 (4 × 4), FC 6272→1024, FC 1024→10, biases, batch norm of 128 + 1024.
    std::int64_t const plain =
        64 * 16 + 64 + 64 * 128 * 16 + 128 + 6272 * 1024 + 1024 + 1024 * 10 + 10;
    CHECK(trainable_count(trunk) == plain + 2 * (128 + 1024));
    CHECK(trainable_count(fresh(infogan_trunk(test::mnist_image, 10, TrunkNorm::none),
                                Initialisation::normal(0.02))) == plain);
}

TEST_CASE("Without batch norm, the trunk's score of an image does not depend on the others")
{
    at::Tensor const images = test::random_tensor({4, 784}, 2);
    for (TrunkNorm const norm : {TrunkNorm::none, TrunkNorm::batch})
    {
        Network const trunk =
            fresh(infogan_trunk(test::mnist_image, 1, norm), Initialisation::normal(0.02));
        at::Tensor const together = trunk.forward(images, Mode::training).narrow(0, 0, 2);
        at::Tensor const apart = trunk.forward(images.narrow(0, 0, 2), Mode::training);
        CHECK((test::relative_error(apart, together) < 1e-5) == (norm == TrunkNorm::none));
    }
}

TEST_CASE("Initial weights have the asked deviation, biases are 0, scales 1")
{
    NetworkSpec const spec = test::dcgan_network(5);
    for (NamedArray const& array : fresh(spec, Initialisation::normal(0.02)).parameters())
    {
        if (test::is_layer_weight(spec, array.name))
        {
            check_normal(array, 0.02);
        }
        else
        {
            bool const one =
                array.name.ends_with("_bn.weight") || array.name.ends_with(".running_var");
            INFO(array.name);
            CHECK(all_equal(array, one ? 1 : 0));
        }
    }
}

TEST_CASE("The theorem's initial weights and biases have the variance 1 / outputs")
{
    auto const spec = test::relu_network(20, 2);
    for (NamedArray const& array : fresh(spec, Initialisation::by_outputs()).parameters())
    {
        check_normal(array, 1 / std::sqrt(static_cast<double>(array.shape.front())));
    }
}

TEST_CASE("A network's arrays are those that its description asks for, in that order")
{
    for (NetworkSpec const& spec : {test::dcgan_network(3), test::relu_network(3, 2),
                                    infogan_trunk(test::mnist_image, 1, TrunkNorm::batch)})
    {
        auto const parameters = fresh(spec, Initialisation::normal(0.02)).parameters();
        auto const arrays = arrays_of(spec);
        REQUIRE(parameters.size() == arrays.size());
        for (std::size_t i = 0; i < arrays.size(); ++i)
        {
            CHECK(parameters[i].name == arrays[i].name);
            CHECK(parameters[i].shape == arrays[i].shape);
        }
    }
}

TEST_CASE("Stored arrays that do not fit the network are refused by name")
{
    auto parameters = test::random_parameters(test::relu_network(3, 2), 7);
    auto const build = [&](NetworkSpec const& spec) { Network(spec, parameters, at::kCPU); };
    CHECK_NOTHROW(build(test::relu_network(3, 2)));
    CHECK_THROWS_AS(build(test::relu_network(4, 2)), FileError);
    CHECK_THROWS_WITH(build(test::relu_network(4, 2)),
                      Catch::Contains("hidden1.weight") && Catch::Contains("[20, 4]"));
    CHECK_THROWS_WITH(build(test::relu_network(3, 1)),
                      Catch::Contains("output.weight") && Catch::Contains("[784, 15]"));
    CHECK_THROWS_WITH(build(test::dcgan_network(3)), Catch::Contains("fc1.weight is missing"));
    std::erase_if(parameters, [](NamedArray const& array) { return array.name == "hidden2.bias"; });
    CHECK_THROWS_WITH(build(test::relu_network(3, 2)), Catch::Contains("hidden2.bias is missing"));

    parameters = test::random_generator(3, 7);
    std::erase_if(parameters,
                  [](NamedArray const& array) { return array.name == "fc2_bn.running_var"; });
    CHECK_THROWS_WITH(build(test::dcgan_network(3)),
                      Catch::Contains("fc2_bn.running_var is missing"));
}

TEST_CASE("Training mode normalises by the batch and moves the running statistics")
{
    Network const network = fresh(test::dcgan_network(5), Initialisation::normal(0.02));
    auto const before = network.parameters();
    network.forward(test::random_tensor({8, 5}, 3), Mode::evaluation);
    auto const after_evaluation = network.parameters();
    network.forward(test::random_tensor({8, 5}, 3), Mode::training);
    auto const after_training = network.parameters();
    for (std::size_t i = 0; i < before.size(); ++i)
    {
        bool const statistic =
            before[i].name.ends_with(".running_mean") || before[i].name.ends_with(".running_var");
        INFO(before[i].name);
        CHECK(after_evaluation[i].values == before[i].values);
        CHECK((after_training[i].values != before[i].values) == statistic);
    }
}

TEST_CASE("Groups of a batch are normalised as if they came one after the other")
{
    auto const spec = infogan_trunk(test::mnist_image, 1, TrunkNorm::batch);
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
    Network const network(test::dcgan_network(5), parameters, at::kCPU);
    Network const copy(test::dcgan_network(5), network.parameters(), at::kCPU);
    at::Tensor const latents = test::random_tensor({4, 5}, 5);
    CHECK(at::equal(network.forward(latents, Mode::evaluation),
                    copy.forward(latents, Mode::evaluation)));
}
