#include <catch2/catch.hpp>
#include <map>

#include "model/frozen_generator.hpp"
#include "model/layer_drawer.hpp"
#include "model/random_network.hpp"

using namespace surf;
using namespace surf::model;
using test::LayerDrawer;

namespace
{

constexpr double weight_deviation = 0.3;

/// ‖value − expected‖ in units of ‖expected‖; 0 where both are 0.
double error_of(at::Tensor const& value, at::Tensor const& expected)
{
    double const difference = (value - expected).norm().item<double>();
    return difference == 0 ? 0 : difference / expected.norm().item<double>();
}

/// G, the pull-back and the Jacobian against autograd.
void compare(NetworkSpec const& network, at::ScalarType type, double bound, std::uint64_t seed)
{
    std::int64_t const latent_dim = network.front().input.size();
    std::int64_t const batch = 1 + static_cast<std::int64_t>(seed % 3);
    auto const parameters = test::random_parameters(network, seed, weight_deviation);
    FrozenGenerator frozen(network, parameters, at::kCPU, type);
    if (seed % 2 == 0)
    {
        test::use_often(frozen, latent_dim, type);
    }
    ReferenceEvaluator reference(Network(network, parameters, at::kCPU, type));
    at::Tensor const latents = test::random_tensor({batch, latent_dim}, seed + 1).to(type);
    at::Tensor const gradient =
        test::random_tensor({batch, network.back().output.size()}, seed + 2).to(type);
    CHECK(error_of(frozen.forward(latents), reference.forward(latents)) < bound);
    CHECK(error_of(frozen.backward(gradient.clone()), reference.backward(gradient)) < bound);
    CHECK(error_of(frozen.jacobian(), reference.jacobian()) < bound);
    at::Tensor const rows = at::tensor({batch - 1, std::int64_t{0}}, at::kLong);
    auto const [images, jacobians] = frozen.linearise(latents, rows);
    CHECK(error_of(images, reference.forward(latents)) < bound);
    CHECK(error_of(jacobians, reference.jacobian_of(rows)) < bound);
    CHECK(error_of(frozen.jacobian_of(rows), reference.jacobian_of(rows)) < bound);
    CHECK(error_of(frozen.backward(gradient.clone()), reference.backward(gradient)) < bound);
}

/// Radford et al. 2015, figure 1: 100 numbers to 64 × 64 pixels in three colours.
NetworkSpec radford_generator()
{
    NetworkSpec network;
    Shape shape{100};
    for (std::int64_t const channels : {1024, 512, 256, 128, 3})
    {
        bool const first = network.empty();
        bool const last = channels == 3;
        std::string const name = "deconv" + std::to_string(network.size() + 1);
        LayerSpec layer{
            .name = name,
            .kind = LayerKind::conv_transpose,
            .input = shape,
            .output = {channels, first ? 4 : 2 * shape.height, first ? 4 : 2 * shape.width},
            .kernel = 4,
            .stride = first ? 1 : 2,
            .padding = first ? 0 : 1,
            .bias = last ? Bias::trained : Bias::none,
            .activation = last ? Activation::tanh : Activation::relu};
        if (!last)
        {
            layer.batch_norm = BatchNorm{name + "_bn"};
        }
        shape = layer.output;
        network.push_back(layer);
    }
    return network;
}

/// 1 where the value is positive, `otherwise` elsewhere.
at::Tensor slopes_at(at::Tensor const& value, double otherwise)
{
    return at::where(value > 0, at::ones_like(value), at::full_like(value, otherwise));
}

}  // namespace

TEST_CASE("Any layer list's frozen generator equals autograd in float64")
{
    std::uint64_t const first_seed = 1000;
    std::map<LayerKind, int> kinds;
    for (std::uint64_t seed = first_seed; seed < first_seed + 150; ++seed)
    {
        auto const network = LayerDrawer(seed, test::all_activations).draw_network();
        INFO("seed " << seed << ": " << network_text(network));
        REQUIRE_NOTHROW(require_valid(network, "drawn"));
        compare(network, at::kDouble, 1e-10, seed);
        for (LayerSpec const& layer : network)
        {
            ++kinds[layer.kind];
        }
    }
    for (LayerKindEntry const& entry : layer_kind_table)
    {
        INFO(entry.name);
        CHECK(kinds[entry.kind] > 30);
    }
}

TEST_CASE("Any layer list's frozen generator equals autograd in float32 up to rounding")
{
    for (std::uint64_t seed = 2000; seed < 2100; ++seed)
    {
        auto const network = LayerDrawer(seed, test::all_activations).draw_network();
        INFO("seed " << seed << ": " << network_text(network));
        compare(network, at::kFloat, 1e-4, seed);
    }
}

TEST_CASE("With bfloat16 matrix work any layer list's images are right to a few per cent")
{
    for (std::uint64_t seed = 3000; seed < 3050; ++seed)
    {
        auto const network = LayerDrawer(seed, test::all_activations).draw_network();
        INFO("seed " << seed << ": " << network_text(network));
        auto const parameters = test::random_parameters(network, seed, weight_deviation);
        std::int64_t const latent_dim = network.front().input.size();
        FrozenGenerator exact(network, parameters, at::kCPU);
        FrozenGenerator rough(network, parameters, at::kCPU, at::kBFloat16);
        at::Tensor const latents = test::random_tensor({4, latent_dim}, seed + 1);
        at::Tensor const image = rough.forward(latents);
        CHECK(image.scalar_type() == at::kFloat);
        CHECK(error_of(image, exact.forward(latents)) < 0.1);
        at::Tensor const pulled = rough.backward(at::ones_like(image));
        CHECK(pulled.sizes() == latents.sizes());
        CHECK(at::isfinite(pulled).all().item<bool>());
        CHECK(at::isfinite(rough.jacobian()).all().item<bool>());
    }
}

TEST_CASE("A frozen generator leaves what it is given as it is")
{
    for (std::uint64_t seed = 4000; seed < 4050; ++seed)
    {
        auto const network = LayerDrawer(seed, test::linear_activations).draw_network();
        INFO("seed " << seed << ": " << network_text(network));
        std::int64_t const latent_dim = network.front().input.size();
        FrozenGenerator frozen(network, test::random_parameters(network, seed), at::kCPU);
        at::Tensor const latents = test::random_tensor({2, latent_dim}, seed + 1);
        at::Tensor const maps = test::random_tensor({2, latent_dim + 1, latent_dim}, seed + 2);
        at::Tensor const gradient =
            test::random_tensor({2, network.back().output.size()}, seed + 3);
        frozen.forward(latents);
        frozen.backward(gradient);
        frozen.affine(0, maps);
        CHECK(at::equal(latents, test::random_tensor(latents.sizes().vec(), seed + 1)));
        CHECK(at::equal(maps, test::random_tensor(maps.sizes().vec(), seed + 2)));
        CHECK(at::equal(gradient, test::random_tensor(gradient.sizes().vec(), seed + 3)));
    }
}

TEST_CASE("Radford's generator of 64 x 64 colour images equals autograd")
{
    NetworkSpec const network = radford_generator();
    REQUIRE_NOTHROW(require_valid(network, "Radford"));
    REQUIRE((network.back().output == Shape{3, 64, 64}));
    auto const parameters = test::random_parameters(network, 5, 0.02);
    FrozenGenerator frozen(network, parameters, at::kCPU, at::kDouble);
    ReferenceEvaluator reference(Network(network, parameters, at::kCPU, at::kDouble));
    at::Tensor const latents = test::random_doubles({1, 100}, 6);
    at::Tensor const gradient = test::random_doubles({1, 3 * 64 * 64}, 7);
    CHECK(error_of(frozen.forward(latents), reference.forward(latents)) < 1e-12);
    at::Tensor const pulled = reference.backward(gradient);
    CHECK(error_of(frozen.backward(gradient.clone()), pulled) < 1e-10);
    // Of the Jacobian the product with a random vector: autograd takes long for all of it.
    CHECK(error_of(at::matmul(frozen.jacobian(), gradient.unsqueeze(2)).squeeze(2), pulled) <
          1e-10);
}

TEST_CASE("Every layer's affine map of a latent's own piece is the network there")
{
    for (std::uint64_t seed = 5000; seed < 5060; ++seed)
    {
        auto const network = LayerDrawer(seed, test::linear_activations).draw_network();
        REQUIRE(is_piecewise_linear(network));
        auto const parameters = test::random_parameters(network, seed, weight_deviation);
        std::int64_t const latent_dim = network.front().input.size();
        at::Tensor const latent = test::random_doubles({1, latent_dim}, seed + 1);
        at::Tensor const point = at::cat({latent, at::ones({1, 1}, at::kDouble)}, 1);  // (x, 1)
        for (std::size_t layers = 1; layers <= network.size(); ++layers)
        {
            NetworkSpec const part(network.begin(),
                                   network.begin() + static_cast<std::ptrdiff_t>(layers));
            INFO("seed " << seed << ": " << network_text(part));
            FrozenGenerator generator(part, parameters, at::kCPU, at::kDouble);
            at::Tensor maps =
                at::cat({at::eye(latent_dim, at::kDouble), at::zeros({1, latent_dim}, at::kDouble)})
                    .unsqueeze(0);
            for (std::size_t layer = 0; layer < generator.depth(); ++layer)
            {
                maps = generator.affine(layer, maps);
                at::Tensor const value = at::matmul(point, maps).squeeze(1);
                maps = maps * slopes_at(value, generator.inactive_slope(layer)).unsqueeze(1);
            }
            ReferenceEvaluator reference(Network(part, parameters, at::kCPU, at::kDouble));
            CHECK(error_of(at::matmul(point, maps).squeeze(1), reference.forward(latent)) < 1e-12);
            CHECK(error_of(maps.narrow(1, 0, latent_dim), reference.jacobian()) < 1e-10);
        }
    }
}
