#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "base/random.hpp"
#include "model/network.hpp"
#include "spec/architecture.hpp"
#include "train/wgan.hpp"

using namespace surf;
using namespace surf::train;
using model::Network;

namespace
{

using Numbers = std::vector<double>;

Numbers random_numbers(std::size_t count, std::uint64_t index)
{
    RandomStream stream(31, "test/penalty", Purpose::weights, index);
    Numbers numbers(count);
    for (double& number : numbers)
    {
        // Exact in float32, the precision of stored weights.
        number = static_cast<float>(stream.normal());
    }
    return numbers;
}

NamedArray array(std::string name, std::vector<std::int64_t> shape, Numbers const& values)
{
    return {std::move(name), std::move(shape), std::vector<float>(values.begin(), values.end())};
}

LayerSpec dense(std::string name, std::int64_t in, std::int64_t out, Activation activation)
{
    return {.name = std::move(name),
            .kind = LayerKind::linear,
            .input = {in},
            .output = {out},
            .bias = Bias::trained,
            .activation = activation};
}

/// The penalty's gradient with respect to each of the critic's trained tensors, by autograd.
std::vector<at::Tensor> penalty_gradients(Network const& critic, at::Tensor const& points)
{
    critic.set_requires_grad(true);
    gradient_penalty(gradient_norms(critic, points, {1, 1, points.size(1)}, PenaltyNorm::image))
        .backward();
    std::vector<at::Tensor> gradients;
    for (at::Tensor const& tensor : critic.trainable())
    {
        gradients.push_back(tensor.grad().defined() ? tensor.grad() : at::zeros_like(tensor));
    }
    return gradients;
}

}  // namespace

TEST_CASE("A linear critic w.x has the penalty (|w| - 1)^2 everywhere")
{
    Numbers const weight = {0.5, -2, 1, 0.25};
    double const length = std::sqrt(0.25 + 4 + 1 + 0.0625);
    Network const critic({dense("fc", 4, 1, Activation::none)},
                         {array("fc.weight", {1, 4}, weight), array("fc.bias", {1}, {3})}, at::kCPU,
                         at::kDouble);
    at::Tensor const points = at::tensor(random_numbers(12, 0)).reshape({3, 4});
    at::Tensor const norms =
        gradient_norms(critic, points, {1, 1, points.size(1)}, PenaltyNorm::image);
    REQUIRE(norms.sizes() == at::IntArrayRef({3}));
    CHECK(at::allclose(norms, at::full({3}, length, at::kDouble), 1e-12));
    CHECK(gradient_penalty(norms).item<double>() == Approx(std::pow(length - 1, 2)));

    auto const gradients = penalty_gradients(critic, points);
    for (std::size_t i = 0; i < weight.size(); ++i)
    {
        CHECK(gradients[0].flatten()[static_cast<std::int64_t>(i)].item<double>() ==
              Approx(2 * (length - 1) * weight[i] / length));
    }
    CHECK(gradients[1].item<double>() == 0);
}

namespace
{

constexpr std::size_t inputs = 3;
constexpr std::size_t units = 5;

/// Mean (|grad C(x)| - 1)^2 of C(x) = v . leaky_relu(W x + b), by the chain rule on plain numbers.
double penalty_by_hand(Numbers const& w, Numbers const& b, Numbers const& v, Numbers const& points)
{
    std::size_t const count = points.size() / inputs;
    double sum = 0;
    for (std::size_t n = 0; n < count; ++n)
    {
        Numbers gradient(inputs);
        for (std::size_t i = 0; i < units; ++i)
        {
            double value = b[i];
            for (std::size_t j = 0; j < inputs; ++j)
            {
                value += w[i * inputs + j] * points[n * inputs + j];
            }
            for (std::size_t j = 0; j < inputs; ++j)
            {
                gradient[j] += v[i] * (value > 0 ? 1 : 0.2) * w[i * inputs + j];
            }
        }
        double square = 0;
        for (double const entry : gradient)
        {
            square += entry * entry;
        }
        sum += std::pow(std::sqrt(square) - 1, 2);
    }
    return sum / static_cast<double>(count);
}

}  // namespace

TEST_CASE("A nonlinear critic's penalty and its weight gradients equal those worked out by hand")
{
    Numbers w = random_numbers(units * inputs, 1);
    Numbers b = random_numbers(units, 2);
    Numbers v = random_numbers(units, 3);
    Numbers const points = random_numbers(4 * inputs, 4);
    Network const critic({dense("fc1", inputs, units, Activation::leaky_relu),
                          dense("fc2", units, 1, Activation::none)},
                         {array("fc1.weight", {units, inputs}, w), array("fc1.bias", {units}, b),
                          array("fc2.weight", {1, units}, v), array("fc2.bias", {1}, {0.5})},
                         at::kCPU, at::kDouble);
    at::Tensor const tensor = at::tensor(points).reshape({4, static_cast<std::int64_t>(inputs)});
    CHECK(gradient_penalty(gradient_norms(critic, tensor, {1, 1, inputs}, PenaltyNorm::image))
              .item<double>() == Approx(penalty_by_hand(w, b, v, points)).epsilon(1e-12));

    auto const gradients = penalty_gradients(critic, tensor);
    auto const check = [&](Numbers& numbers, at::Tensor const& gradient) {
        double const step = 1e-6;
        REQUIRE(gradient.numel() == std::ssize(numbers));
        for (std::size_t i = 0; i < numbers.size(); ++i)
        {
            double const value = numbers[i];
            numbers[i] = value + step;
            double const ahead = penalty_by_hand(w, b, v, points);
            numbers[i] = value - step;
            double const behind = penalty_by_hand(w, b, v, points);
            numbers[i] = value;
            CHECK(gradient.flatten()[static_cast<std::int64_t>(i)].item<double>() ==
                  Approx((ahead - behind) / (2 * step)).epsilon(1e-6).margin(1e-8));
        }
    };
    check(w, gradients[0]);
    check(b, gradients[1]);
    check(v, gradients[2]);
}

TEST_CASE("The full critic's penalty gradient equals differences along a random direction")
{
    auto const spec = infogan_trunk({1, 28, 28}, 1, TrunkNorm::none);
    RandomStream stream(31, "test/penalty", Purpose::weights, 5);
    Parameters const parameters =
        Network(spec, stream, model::Initialisation::normal(0.05), at::kCPU).parameters();
    Network const critic(spec, parameters, at::kCPU, at::kDouble);
    at::Tensor const points = at::tensor(random_numbers(2 * 784, 6)).reshape({2, 784});

    // The value by one plain backward pass for each point, without a second derivative.
    auto const penalty = [&] {
        double sum = 0;
        for (std::int64_t n = 0; n < 2; ++n)
        {
            at::Tensor const point = points[n].unsqueeze(0).clone().set_requires_grad(true);
            critic.forward(point, model::Mode::training).sum().backward();
            sum += std::pow(point.grad().norm().item<double>() - 1, 2);
        }
        return sum / 2;
    };
    auto const gradients = penalty_gradients(critic, points);
    auto const tensors = critic.trainable();
    critic.set_requires_grad(false);
    CHECK(
        gradient_penalty(gradient_norms(critic, points, {1, 1, points.size(1)}, PenaltyNorm::image))
            .item<double>() == Approx(penalty()).epsilon(1e-10));

    // Small enough that hardly any of 2 x 20,000 leaky units changes sides.
    double const step = 1e-7;
    std::uint64_t index = 7;
    for (std::size_t i = 0; i < gradients.size(); ++i)
    {
        at::Tensor const& tensor = tensors[i];
        at::Tensor const direction =
            at::tensor(random_numbers(static_cast<std::size_t>(tensor.numel()), index++))
                .reshape(tensor.sizes());
        tensor.add_(direction, step);
        double const ahead = penalty();
        tensor.sub_(direction, 2 * step);
        double const behind = penalty();
        tensor.add_(direction, step);
        INFO("tensor " << i);
        CHECK((gradients[i] * direction).sum().item<double>() ==
              Approx((ahead - behind) / (2 * step)).epsilon(1e-4).margin(1e-6));
    }
}

TEST_CASE("Norms of columns are taken over the rows of each channel")
{
    // A linear critic's gradient is its weight everywhere: two channels of three rows and two
    // columns.
    Numbers const weight = {3, 1, 0, 2, 4, 2, -1, 0, 2, 5, -2, 12};
    Network const critic({dense("fc", 12, 1, Activation::none)},
                         {array("fc.weight", {1, 12}, weight), array("fc.bias", {1}, {0})},
                         at::kCPU, at::kDouble);
    at::Tensor const norms = gradient_norms(
        critic, at::tensor(random_numbers(36, 8)).reshape({3, 12}), {2, 3, 2}, PenaltyNorm::column);
    REQUIRE(norms.sizes() == at::IntArrayRef({3, 2, 2}));
    at::Tensor const expected =
        at::tensor({5.0, 3.0, 3.0, 13.0}).to(at::kDouble).reshape({1, 2, 2}).expand({3, 2, 2});
    CHECK(at::allclose(norms, expected, 1e-12));
    CHECK(gradient_penalty(norms).item<double>() == Approx((16 + 4 + 4 + 144) / 4.0));
}
