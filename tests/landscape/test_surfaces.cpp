#include <catch2/catch.hpp>
#include <set>

#include "base/error.hpp"
#include "landscape/small_surfaces.hpp"
#include "landscape/surfaces.hpp"
#include "model/frozen_generator.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::landscape;
using namespace surf::test;
using Catch::Contains;

namespace
{

/// G(x) = (x1, 10 x2): x1 and x2 cannot be taken for each other.
class Stretch final : public model::Evaluator
{
  public:
    at::Tensor forward(at::Tensor const& latents) override
    {
        largest_batch = std::max(largest_batch, latents.size(0));
        return latents * factors_;
    }
    at::Tensor backward(at::Tensor const& gradient) override { return gradient * factors_; }
    at::Tensor jacobian() override { return at::diag(factors_).unsqueeze(0); }

    std::int64_t largest_batch = 0;

  private:
    at::Tensor factors_ = at::tensor({1.0F, 10.0F});
};

void ignore(std::int64_t, std::int64_t) {}

std::stop_token const go_on;

/// Reference values in float64 by autograd's network, a point at a time.
class Reference
{
  public:
    Reference(NetworkSpec const& spec, Parameters const& parameters)
        : generator_(model::Network(spec, parameters, at::kCPU, at::kDouble))
    {}

    /// −½‖G(x) − y‖².
    double value(at::Tensor const& target, double x1, double x2)
    {
        at::Tensor const point = at::tensor({x1, x2}, at::kDouble).reshape({1, 2});
        at::Tensor const image = generator_.forward(point)[0];
        double sum = 0;
        for (std::int64_t pixel = 0; pixel < image.numel(); ++pixel)
        {
            double const difference =
                image[pixel].item<double>() - target[pixel].to(at::kDouble).item<double>();
            sum += difference * difference;
        }
        return -sum / 2;
    }

  private:
    model::ReferenceEvaluator generator_;
};

}  // namespace

TEST_CASE("x1 runs along the rows of a surface, x2 down its columns", "[landscape]")
{
    Stretch generator;
    auto const axis = grid_axis({.points = 9});  // −4, −3, … 4
    at::Tensor const targets = at::tensor({1.0F, 20.0F, -3.0F, 0.0F}).reshape({2, 2});
    auto const values = surface_values(generator, targets, axis, go_on);
    REQUIRE(values.size() == 2 * 81);
    // x = (2, −1): G = (2, −10).
    CHECK(values[3 * 9 + 6] == -(1.0 + 900.0) / 2);
    CHECK(values[81 + 3 * 9 + 6] == -(25.0 + 100.0) / 2);

    auto const surface = std::span(values);
    Summit const first = summit(surface.first(81), 9);
    CHECK(first.value == 0);
    CHECK(axis[first.x1] == 1);
    CHECK(axis[first.x2] == 2);
    Summit const second = summit(surface.last(81), 9);
    CHECK(axis[second.x1] == -3);
    CHECK(axis[second.x2] == 0);
}

TEST_CASE("A fine grid is computed in parts", "[landscape]")
{
    Stretch generator;
    auto const axis = grid_axis({.points = 101});
    at::Tensor const targets = at::tensor({0.5F, 3.0F}).reshape({1, 2});
    auto const values = surface_values(generator, targets, axis, go_on);
    CHECK(generator.largest_batch < 101 * 101);
    double worst = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
    {
        double const x1 = axis[i % 101];
        double const x2 = axis[i / 101];
        double const expected = -0.5 * ((x1 - 0.5) * (x1 - 0.5) + (10 * x2 - 3) * (10 * x2 - 3));
        worst = std::max(worst, std::abs(values[i] - expected) / (1 - expected));
    }
    CHECK(worst < 1e-5);
}

TEST_CASE("InfoGAN's generator gives the values of the reference in float64", "[landscape]")
{
    NetworkSpec const spec = dcgan_network(2);
    auto const parameters = random_parameters(spec, 3);
    model::FrozenGenerator generator(spec, parameters, at::kCPU);
    at::Tensor const target = random_tensor({1, 784}, 4).abs();
    auto const axis = grid_axis({.points = 8});
    auto const values = surface_values(generator, target, axis, go_on);
    Reference reference(spec, parameters);
    RandomStream stream(5, "test/points", Purpose::prior, 0);
    for (int i = 0; i < 6; ++i)
    {
        std::size_t const x1 = stream.below(8);
        std::size_t const x2 = stream.below(8);
        double const expected = reference.value(target[0], axis[x1], axis[x2]);
        CHECK(values[x2 * 8 + x1] == Approx(expected).epsilon(2e-5));
    }
}

TEST_CASE("A surface reaches 0 where the network makes the target itself", "[landscape]")
{
    NetworkSpec const spec = dcgan_network(2);
    model::FrozenGenerator generator(spec, random_parameters(spec, 6), at::kCPU);
    auto const axis = grid_axis({.points = 9});
    at::Tensor const target = generator.forward(at::tensor({2.0F, -1.0F}).reshape({1, 2})).clone();
    auto const values = surface_values(generator, target, axis, go_on);
    CHECK(*std::ranges::max_element(values) <= 0);
    Summit const highest = summit(values, 9);
    CHECK(axis[highest.x1] == 2);
    CHECK(axis[highest.x2] == -1);
    CHECK(highest.value > -1e-8);
    CHECK(*std::ranges::min_element(values) < -0.1);
}

TEST_CASE("Targets are different test images, chosen by the seed", "[landscape]")
{
    auto const two = draw_targets({.targets = 2}, 1, 10'000);
    CHECK(two == draw_targets({.targets = 2}, 1, 10'000));
    CHECK(two != draw_targets({.targets = 2}, 2, 10'000));
    auto const three = draw_targets({.targets = 3}, 1, 10'000);
    CHECK(std::vector(three.begin(), three.begin() + 2) == two);
    auto const all = draw_targets({.targets = 50}, 1, 50);
    CHECK(std::set(all.begin(), all.end()).size() == 50);
    CHECK(*std::ranges::min_element(all) == 0);
    CHECK(*std::ranges::max_element(all) == 49);
    CHECK_THROWS_WITH(draw_targets({.targets = 51}, 1, 50), Contains("surface.targets = 51"));
}

TEST_CASE("The surfaces of a chain are those of its snapshots", "[landscape]")
{
    ScratchFolder const folder;
    auto const chain = relu_chain(folder.path);
    auto const images = random_images(7);
    SurfaceSpec const spec{.targets = 3, .levels = 3, .extent = 2, .points = 12};
    std::vector<std::int64_t> done;
    auto const surfaces = compute_surfaces(
        spec, chain, images, 9, at::kCPU,
        [&](std::int64_t part, std::int64_t parts) {
            CHECK(parts == 3);
            done.push_back(part);
        },
        go_on);

    CHECK(done == std::vector<std::int64_t>{1, 2, 3});
    CHECK(surfaces.model == "relu");
    CHECK(surfaces.chain == relu_header().id());
    CHECK(surfaces.seed == 9);
    CHECK(surfaces.test_checksum == images.checksum);
    CHECK((surfaces.shape == mnist_image));
    CHECK(surfaces.snapshots == std::vector<std::int64_t>{0, 2, 4});
    CHECK(surfaces.steps == std::vector<std::int64_t>{0, 80, 160});
    CHECK(surfaces.test_index == draw_targets(spec, 9, 7));
    REQUIRE(surfaces.images.size() == 3 * 784);
    REQUIRE(surfaces.values.size() == 3 * 3 * 144);
    for (std::size_t target = 0; target < 3; ++target)
    {
        auto const index = static_cast<std::size_t>(surfaces.test_index[target]);
        for (std::size_t const pixel : {0U, 27U, 28U, 783U})
        {
            CHECK(surfaces.images[target * 784 + pixel] ==
                  Approx(images.pixels[index * 784 + pixel] / 255.0));
        }
    }

    auto const axis = grid_axis(spec);
    NetworkSpec const network = relu_network(2, 1);
    at::Tensor const targets = at::tensor(surfaces.images).reshape({3, 784});
    RandomStream stream(10, "test/points", Purpose::prior, 0);
    for (int i = 0; i < 20; ++i)
    {
        std::size_t const target = stream.below(3);
        std::size_t const level = stream.below(3);
        std::size_t const x1 = stream.below(12);
        std::size_t const x2 = stream.below(12);
        double const value = surfaces.values[((target * 3 + level) * 12 + x2) * 12 + x1];
        Reference reference(network, relu_parameters(2, static_cast<std::int64_t>(2 * level)));
        double const expected =
            reference.value(targets[static_cast<std::int64_t>(target)], axis[x1], axis[x2]);
        CHECK(value == Approx(expected).epsilon(1e-5));
    }
    CHECK(compute_surfaces(spec, chain, images, 9, at::kCPU, ignore, go_on).values ==
          surfaces.values);
}

TEST_CASE("Targets have the values that the generator gives", "[landscape]")
{
    ScratchFolder const folder;
    auto header = relu_header();
    header.generator.range = {-1, 1};
    auto const images = random_images(7);
    auto const surfaces =
        compute_surfaces({.targets = 1, .levels = 2, .points = 2}, relu_chain(folder.path, header),
                         images, 9, at::kCPU, ignore, go_on);
    auto const first = static_cast<std::size_t>(surfaces.test_index[0]) * 784;
    for (std::size_t pixel = 0; pixel < 784; ++pixel)
    {
        CHECK(surfaces.images[pixel] ==
              Approx(2 * images.pixels[first + pixel] / 255.0 - 1).margin(1e-6));
    }
}

TEST_CASE("What has no surfaces is refused", "[landscape]")
{
    ScratchFolder const folder;
    auto const images = random_images(3);
    auto const compute = [&](SurfaceSpec const& spec, chain::Reader const& chain,
                             std::stop_token const& stop) {
        return compute_surfaces(spec, chain, images, 1, at::kCPU, ignore, stop);
    };
    auto const chain = relu_chain(folder.path);
    CHECK_THROWS_AS(compute({.points = 1}, chain, go_on), InputError);
    CHECK_THROWS_WITH(compute({.levels = 6}, chain, go_on), Contains("surface.levels = 6"));
    CHECK_THROWS_WITH(compute({.targets = 4}, chain, go_on), Contains("surface.targets = 4"));
    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_AS(compute({.points = 3}, chain, stop.get_token()), Interrupted);
    CHECK_THROWS_WITH(compute({}, relu_chain(folder.path, relu_header(3), 3), go_on),
                      Contains("latent_dim = 3") && Contains("train.latent_dims = 2"));
    data::Images narrow{3, {1, 28, 14}, {}, ""};
    narrow.pixels.resize(3 * 28 * 14);
    CHECK_THROWS_WITH(compute_surfaces({}, chain, data::TestImages(std::move(narrow)), 1, at::kCPU,
                                       ignore, go_on),
                      Contains("1 x 28 x 14") && Contains("relu makes 1 x 28 x 28"));
}
