#include <catch2/catch.hpp>
#include <numbers>

#include "landscape/scalar_objective.hpp"

using namespace surf;
using namespace surf::landscape;
using namespace surf::test;

namespace
{

at::Tensor one_radius(double radius)
{
    return at::scalar_tensor(radius, at::kDouble);
}

}  // namespace

TEST_CASE("The random network has the theorem's distribution", "[landscape]")
{
    auto const network = random_expansive({30, 200, 500, 700}, 1);
    REQUIRE(network.weights.size() == 2);
    CHECK(network.weights[0].sizes() == at::IntArrayRef({200, 30}));
    CHECK(network.weights[1].sizes() == at::IntArrayRef({500, 200}));
    CHECK(network.biases[1].sizes() == at::IntArrayRef({500}));
    CHECK(network.output.sizes() == at::IntArrayRef({700, 500}));
    // The mean square of N numbers N(0, σ²) is σ² (1 ± √(2/N)); 5 standard errors.
    auto const check_variance = [](at::Tensor const& tensor, double width) {
        auto const count = static_cast<double>(tensor.numel());
        CHECK(tensor.square().mean().item<double>() * width ==
              Approx(1).margin(5 * std::sqrt(2 / count)));
        CHECK(tensor.mean().item<double>() == Approx(0).margin(5 / std::sqrt(width * count)));
    };
    check_variance(network.weights[0], 200);
    check_variance(network.biases[0], 200);
    check_variance(network.weights[1], 500);
    check_variance(network.biases[1], 500);
    check_variance(network.output, 700);
}

TEST_CASE("Value and derivative equal scalar loops and finite differences", "[landscape]")
{
    struct Case
    {
        std::vector<std::int64_t> widths;
        std::int64_t measurements;  // 0: A = I
    };
    auto const [widths, measurements] =
        GENERATE(Case{{3, 12, 12}, 0}, Case{{5, 20, 60, 70}, 0}, Case{{5, 20, 60, 70}, 8},
                 Case{{2, 9, 20, 40, 41}, 0}, Case{{2, 9, 20, 40, 41}, 50});
    auto const network = random_expansive(widths, 2);
    at::Tensor const target = 0.4 * random_normal({widths.back()}, 3);
    at::Tensor const measurement =
        measurements == 0 ? at::Tensor() : random_normal({measurements, widths.back()}, 4) / 3;
    RadialObjective const objective(network, measurement, target);
    at::Tensor const directions = random_directions(12, widths.front(), 5);
    for (double const radius : {0.05, 1.0, 6.0})
    {
        Vector const values = to_vector(objective.value(directions, one_radius(radius)));
        Vector const derivatives = to_vector(objective.derivative(directions, one_radius(radius)));
        REQUIRE(derivatives.size() == 12);
        for (std::size_t i = 0; i < derivatives.size(); ++i)
        {
            Vector const direction = to_vector(directions[static_cast<std::int64_t>(i)]);
            Vector x = direction;
            for (double& component : x)
            {
                component *= radius;
            }
            CHECK(values[i] ==
                  Approx(scalar_objective(network, measurement, target, x)).epsilon(1e-12));
            CHECK(derivatives[i] ==
                  Approx(difference_quotient(network, measurement, target, direction, radius, 1e-6))
                      .epsilon(1e-7)
                      .margin(1e-8));
        }
    }
}

TEST_CASE("At a kink the derivative is that of the side towards the origin", "[landscape]")
{
    // At x = (2, 0) units 1 to 3 of layer 1 have input 0: towards the origin unit 1 falls asleep,
    // unit 2 wakes up, unit 3 stays at 0; in layer 2 unit 1 wakes up, unit 2 falls asleep.
    ExpansiveNetwork network;
    network.weights = {matrix({{1, 3}, {-1, 1}, {0, 2}, {1, 0}}),
                       matrix({{-0.5, 0, 2, -1}, {0, 0, -1, 1}, {1, 2, 3, 4}})};
    network.biases = {matrix({{-2, 2, 0, 0}})[0], matrix({{2, -2, 0.25}})[0]};
    network.output = matrix({{1, 2, 3}, {-1, 0.5, 0.25}, {2, -1, 1}, {0, 3, -0.5}});
    at::Tensor const target = matrix({{1, -2, 0.5, 3}})[0];
    at::Tensor const measurement = GENERATE(at::Tensor(), matrix({{1, 2, 0, -1}, {0.5, 0, 3, 1}}));
    RadialObjective const objective(network, measurement, target);
    double const derivative = objective.derivative(matrix({{1, 0}}), one_radius(2)).item<double>();
    double const expected = difference_quotient(network, measurement, target, {1, 0}, 2, 1e-3);
    CHECK(derivative == Approx(expected).epsilon(1e-10));
    // The kink matters: from the other side, and with every sleeping unit left asleep, it differs.
    double const outwards = -difference_quotient(network, measurement, target, {1, 0}, 2, -1e-3);
    CHECK(std::abs(outwards + expected) > 0.1 * std::abs(expected));
    auto asleep = network;
    asleep.biases[0] = network.biases[0] - 1e-9;
    asleep.biases[1] = network.biases[1] - 1e-9;
    double const other = difference_quotient(asleep, measurement, target, {1, 0}, 2, 1e-12);
    CHECK(std::abs(other - expected) > 0.1 * std::abs(expected));
}

TEST_CASE("Without biases and target the derivative is -2 f / |x| everywhere", "[landscape]")
{
    // f is homogeneous of degree 2 along each ray: f(x − hu) = f(x) (1 − h/‖x‖)².
    auto network = random_expansive({4, 8, 16, 16}, 6);
    for (at::Tensor& bias : network.biases)
    {
        bias.zero_();
    }
    RadialObjective const objective(network, {}, at::zeros({16}, at::kDouble));
    at::Tensor const directions = random_directions(100, 4, 7);
    for (double const radius : {1e-3, 1.0, 1e3})
    {
        at::Tensor const derivative = objective.derivative(directions, one_radius(radius));
        at::Tensor const expected = -2 / radius * objective.value(directions, one_radius(radius));
        CHECK(at::allclose(derivative, expected, 1e-12, 0));
        CHECK((derivative < 0).all().item<bool>());
    }
}

TEST_CASE("Each point can have its own radius", "[landscape]")
{
    auto const network = random_expansive({3, 12, 36, 36}, 21);
    RadialObjective const objective(network, {}, random_normal({36}, 22));
    at::Tensor const directions = random_directions(3, 3, 23);
    Vector const radii = {0.2, 1, 5};
    at::Tensor const column = at::tensor(radii, at::kDouble).unsqueeze(1);
    at::Tensor const derivatives = objective.derivative(directions, column);
    at::Tensor const climbed = climb(objective, directions, column, 3);
    for (std::int64_t i = 0; i < 3; ++i)
    {
        at::Tensor const direction = directions.narrow(0, i, 1);
        at::Tensor const radius = one_radius(radii[static_cast<std::size_t>(i)]);
        CHECK(derivatives[i].item<double>() ==
              Approx(objective.derivative(direction, radius).item<double>()).epsilon(1e-12));
        CHECK(climbed[i].item<double>() ==
              Approx(climb(objective, direction, radius, 3).item<double>()).epsilon(1e-9));
    }
}

TEST_CASE("A single unit gives the derivative that is computed by hand", "[landscape]")
{
    // f(x) = ½(3 max(2x + 1, 0) − y)² with x = 1: (9 − y) · 3 · (−2).
    ExpansiveNetwork network;
    network.weights = {matrix({{2}})};
    network.biases = {matrix({{1}})[0]};
    network.output = matrix({{3}});
    auto const derivative = [&](double y, double direction, double radius) {
        return RadialObjective(network, {}, matrix({{y}})[0])
            .derivative(matrix({{direction}}), one_radius(radius))
            .item<double>();
    };
    CHECK(derivative(0, 1, 1) == -54);
    CHECK(derivative(10, 1, 1) == 6);
    CHECK(derivative(9, 1, 1) == 0);
    // x = −1: the unit sleeps. x = −½, its kink: towards the origin it wakes up, (0 − y) · 3 · 2.
    CHECK(derivative(10, -1, 1) == 0);
    CHECK(derivative(10, -1, 0.5) == -60);
}

TEST_CASE("The mean derivative of wide networks is -|x| / 2^d", "[landscape]")
{
    // d = 1, y = 0, ‖x‖ = 100, so that biases do not matter: −2 D / ‖x‖ = 2 ‖V W₊u‖², where
    // 2‖W₊u‖² has mean 1 and variance 5/n₁, and V adds a variance of 2/n, both to first order.
    // Points of one network count as one. 5 standard errors over 60 networks.
    double sum = 0;
    constexpr int networks = 60;
    for (int i = 0; i < networks; ++i)
    {
        auto const network = random_expansive({5, 100, 100}, 100 + static_cast<std::uint64_t>(i));
        RadialObjective const objective(network, {}, at::zeros({100}, at::kDouble));
        sum += objective.derivative(random_directions(10, 5, 8), one_radius(100))
                   .mean()
                   .item<double>();
    }
    double const deviation = std::sqrt((5.0 / 100 + 2.0 / 100) / networks);
    CHECK(2 * sum / networks / 100 == Approx(-1).margin(5 * deviation));
}

namespace
{

/// Every tenth of a degree.
at::Tensor circle()
{
    std::vector<Vector> points;
    for (int i = 0; i < 3600; ++i)
    {
        double const angle = 2 * std::numbers::pi * i / 3600;
        points.push_back({std::cos(angle), std::sin(angle)});
    }
    return matrix(points);
}

}  // namespace

TEST_CASE("Climbing on one linear piece finds the largest derivative", "[landscape]")
{
    // With such biases every unit is active at all x here: the derivative is smooth on the circle.
    auto network = random_expansive({2, 10, 20, 20}, 11);
    for (at::Tensor& bias : network.biases)
    {
        bias.fill_(50);
    }
    at::Tensor const measurement = GENERATE(at::Tensor(), 0.5 * random_normal({6, 20}, 12));
    RadialObjective const objective(network, measurement, 40 * random_normal({20}, 13));
    for (double const radius : {0.1, 2.0, 15.0})
    {
        at::Tensor const all = objective.derivative(circle(), one_radius(radius));
        double const highest = all.max().item<double>();
        double const range = highest - all.min().item<double>();
        at::Tensor const found =
            climb(objective, random_directions(10, 2, 14), one_radius(radius), 60);
        // The largest of the brute force can be a little below the true one.
        CHECK(found.max().item<double>() == Approx(highest).margin(1e-4 * range));
    }
}

TEST_CASE("Climbing leads to larger derivatives, and to none that is not there", "[landscape]")
{
    for (std::uint64_t const seed : {11U, 12U, 13U})
    {
        auto const network = random_expansive({2, 40, 80, 80}, seed);
        RadialObjective const objective(network, {}, random_normal({80}, seed));
        double const radius = 0.5;
        at::Tensor const all = objective.derivative(circle(), one_radius(radius));
        double const highest = all.max().item<double>();
        double const range = highest - all.min().item<double>();
        at::Tensor const starts = random_directions(16, 2, seed);
        at::Tensor const found = climb(objective, starts, one_radius(radius), 20);
        at::Tensor const gain = found - objective.derivative(starts, one_radius(radius));
        CHECK((gain >= 0).all().item<bool>());
        CHECK(gain.mean().item<double>() > 0.2 * range);
        CHECK(found.max().item<double>() <= highest + 1e-2 * range);
        CHECK(found.max().item<double>() > highest - 0.25 * range);
        at::Tensor const length = objective.uphill(starts, one_radius(radius)).norm(2, {1});
        CHECK(at::allclose(length, at::ones({16}, at::kDouble), 1e-12, 0));
    }
}
