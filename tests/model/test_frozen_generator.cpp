#include <algorithm>
#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "model/frozen_generator.hpp"
#include "model/random_network.hpp"

using namespace surf;
using namespace surf::model;

namespace
{

struct Errors
{
    double image = 0;
    double gradient = 0;
    double jacobian = 0;
    double linearised = 0;
};

/// Both architectures.
std::vector<NetworkSpec> networks(std::int64_t latent_dim)
{
    return {test::dcgan_network(latent_dim), test::relu_network(latent_dim, 2)};
}

Errors frozen_against_autograd(NetworkSpec const& spec, std::int64_t batch, std::uint64_t seed,
                               at::ScalarType type, bool used_often = false)
{
    auto const parameters = test::random_parameters(spec, seed);
    FrozenGenerator frozen(spec, parameters, at::kCPU, type);
    if (used_often)
    {
        test::use_often(frozen, spec.front().input.size());
    }
    ReferenceEvaluator reference(Network(spec, parameters, at::kCPU, type));
    at::Tensor const latents =
        test::random_tensor({batch, spec.front().input.size()}, seed + 1).to(type);
    at::Tensor const gradient =
        test::random_tensor({batch, spec.back().output.size()}, seed + 2).to(type);

    Errors errors;
    errors.image = test::relative_error(frozen.forward(latents), reference.forward(latents));
    errors.gradient = test::relative_error(frozen.backward(gradient), reference.backward(gradient));
    at::Tensor const jacobian = reference.jacobian();
    errors.jacobian = test::relative_error(frozen.jacobian(), jacobian);
    // Of some rows, out of order, with the images in one pass and without.
    at::Tensor const rows = at::tensor({batch - 1, std::int64_t{0}}, at::kLong);
    auto const [images, jacobians] = frozen.linearise(latents, rows);
    at::Tensor const of_rows = jacobian.index_select(0, rows);
    errors.linearised = std::max({test::relative_error(images, reference.forward(latents)),
                                  test::relative_error(jacobians, of_rows),
                                  test::relative_error(frozen.jacobian_of(rows), of_rows)});
    errors.gradient = std::max(errors.gradient, test::relative_error(frozen.backward(gradient),
                                                                     reference.backward(gradient)));
    return errors;
}

}  // namespace

TEST_CASE("The frozen generator equals autograd in float64")
{
    for (std::uint64_t const seed : {11U, 22U, 33U})
    {
        for (std::int64_t const latent_dim : {2, 5, 20})
        {
            for (NetworkSpec const& spec : networks(latent_dim))
            {
                Errors const errors = frozen_against_autograd(spec, 7, seed, at::kDouble);
                INFO("seed " << seed << ", k = " << latent_dim);
                CHECK(errors.image < 1e-12);
                CHECK(errors.gradient < 1e-10);
                CHECK(errors.jacobian < 1e-10);
                CHECK(errors.linearised < 1e-10);
            }
        }
    }
}

TEST_CASE("The frozen generator equals autograd in float32 up to rounding")
{
    for (bool const used_often : {false, true})
    {
        for (std::int64_t const batch : {1, 25, 100})
        {
            auto const errors =
                frozen_against_autograd(test::dcgan_network(5), batch, 44, at::kFloat, used_often);
            INFO("batch " << batch << ", used often: " << used_often);
            CHECK(errors.image < 1e-5);
            CHECK(errors.gradient < 1e-5);
            CHECK(errors.jacobian < 1e-5);
            CHECK(errors.linearised < 1e-5);
        }
    }
}

TEST_CASE("Packing a frozen generator's weights changes no more than rounding, and happens once")
{
    auto const spec = test::dcgan_network(5);
    FrozenGenerator generator(spec, test::random_parameters(spec, 44), at::kCPU);
    at::Tensor const latents = test::random_tensor({25, 5}, 45);
    auto const image = [&] { return generator.forward(latents).clone(); };
    at::Tensor const first = image();
    CHECK(at::equal(image(), first));
    test::use_often(generator, 5);
    at::Tensor const later = image();
    CHECK(test::relative_error(later, first) < 1e-6);
    test::use_often(generator, 5);
    CHECK(at::equal(image(), later));
}

TEST_CASE("With bfloat16 matrix work the frozen generator is right to a few per cent")
{
    for (NetworkSpec const& spec : networks(5))
    {
        auto const parameters = test::random_parameters(spec, 44);
        FrozenGenerator exact(spec, parameters, at::kCPU);
        FrozenGenerator rough(spec, parameters, at::kCPU, at::kBFloat16);
        at::Tensor const latents = test::random_tensor({25, 5}, 45);
        at::Tensor const gradient = test::random_tensor({25, 784}, 46);
        for (bool const used_often : {false, true})
        {
            INFO("used often: " << used_often);
            at::Tensor const image = rough.forward(latents);
            CHECK(image.scalar_type() == at::kFloat);
            double const image_error = test::relative_error(image, exact.forward(latents));
            CHECK(image_error < 0.01);
            CHECK(image_error > 1e-5);  // or it was not bfloat16
            at::Tensor const pulled = rough.backward(gradient.clone());
            CHECK(pulled.scalar_type() == at::kFloat);
            CHECK(test::relative_error(pulled, exact.backward(gradient.clone())) < 0.1);
            at::Tensor const jacobian = rough.jacobian();
            CHECK(jacobian.scalar_type() == at::kFloat);
            CHECK(test::relative_error(jacobian, exact.jacobian()) < 0.1);
            test::use_often(rough, 5);
        }
    }
}

TEST_CASE(
    "With bfloat16 for gradients alone images are exact, and gradients right to a few per cent")
{
    for (NetworkSpec const& spec : networks(5))
    {
        auto const parameters = test::random_parameters(spec, 44);
        FrozenGenerator exact(spec, parameters, at::kCPU);
        FrozenGenerator mixed(spec, parameters, at::kCPU, {at::kFloat, at::kBFloat16});
        at::Tensor const latents = test::random_tensor({25, 5}, 45);
        at::Tensor const gradient = test::random_tensor({25, 784}, 46);
        for (bool const used_often : {false, true})
        {
            INFO("used often: " << used_often);
            CHECK(at::equal(mixed.forward(latents), exact.forward(latents)));
            at::Tensor const pulled = mixed.backward(gradient.clone());
            CHECK(pulled.scalar_type() == at::kFloat);
            double const error = test::relative_error(pulled, exact.backward(gradient.clone()));
            CHECK(error < 0.1);
            CHECK(error > 1e-5);  // or it was not bfloat16
            test::use_often(mixed, 5);
            test::use_often(exact, 5);
        }
    }
}

TEST_CASE("Nothing of a frozen generator is left on another device than its own")
{
    // Of linear layers: LibTorch's convolutions cannot run on the meta device from C++.
    auto const spec = test::relu_network(5, 2);
    FrozenGenerator generator(spec, test::random_parameters(spec, 44), at::kMeta);
    at::Tensor const image = generator.forward(at::empty({7, 5}, at::kMeta));
    CHECK(image.is_meta());
    CHECK((image.sizes() == at::IntArrayRef({7, 784})));
    at::Tensor const gradient = generator.backward(at::empty({7, 784}, at::kMeta));
    CHECK(gradient.is_meta());
    CHECK((gradient.sizes() == at::IntArrayRef({7, 5})));
    at::Tensor const jacobian = generator.jacobian();
    CHECK(jacobian.is_meta());
    CHECK((jacobian.sizes() == at::IntArrayRef({7, 5, 784})));
    CHECK(generator.affine(0, at::empty({3, 6, 5}, at::kMeta)).is_meta());
}

TEST_CASE("Layer by layer, the affine maps of a latent's own pattern are the generator there")
{
    std::int64_t const latent_dim = 3;
    for (NetworkSpec const& spec : networks(latent_dim))
    {
        FrozenGenerator generator(spec, test::random_parameters(spec, 12), at::kCPU, at::kDouble);
        at::Tensor const latent = test::random_tensor({1, latent_dim}, 13).to(at::kDouble);
        at::Tensor const point = at::cat({latent, at::ones({1, 1}, at::kDouble)}, 1);  // (x, 1)
        at::Tensor maps =
            at::cat({at::eye(latent_dim, at::kDouble), at::zeros({1, latent_dim}, at::kDouble)})
                .unsqueeze(0);
        at::Tensor value;
        for (std::size_t layer = 0; layer < generator.depth(); ++layer)
        {
            maps = generator.affine(layer, maps);
            value = at::matmul(point, maps).squeeze(1);
            if (layer + 1 < generator.depth())
            {
                maps = maps * value.gt(0).unsqueeze(1);
            }
        }
        at::Tensor const image = generator.forward(latent);
        bool const sigmoid = spec.back().activation == Activation::sigmoid;
        CHECK(test::relative_error(sigmoid ? value.sigmoid() : value, image) < 1e-12);
        at::Tensor const slope = sigmoid ? image * (1 - image) : at::ones_like(image);
        CHECK(test::relative_error(maps.narrow(1, 0, latent_dim) * slope.unsqueeze(1),
                                   generator.jacobian()) < 1e-12);
    }
}

TEST_CASE("The frozen generator's gradient equals finite differences")
{
    auto const parameters = test::random_generator(3, 5);
    FrozenGenerator frozen(test::dcgan_network(3), parameters, at::kCPU, at::kDouble);
    at::Tensor const latents = test::random_tensor({1, 3}, 6).to(at::kDouble);
    at::Tensor const weight = test::random_tensor({1, 784}, 7).to(at::kDouble);
    frozen.forward(latents);
    at::Tensor const gradient = frozen.backward(weight).clone();

    double const step = 1e-6;
    for (std::int64_t i = 0; i < 3; ++i)
    {
        at::Tensor shift = at::zeros_like(latents);
        shift[0][i].fill_(step);
        double const ahead = (frozen.forward(latents + shift) * weight).sum().item<double>();
        double const behind = (frozen.forward(latents - shift) * weight).sum().item<double>();
        CHECK(gradient[0][i].item<double>() == Approx((ahead - behind) / (2 * step)).epsilon(1e-4));
    }
}

TEST_CASE("The same batch gives the same bits")
{
    auto const parameters = test::random_generator(5, 8);
    FrozenGenerator frozen(test::dcgan_network(5), parameters, at::kCPU);
    at::Tensor const latents = test::random_tensor({16, 5}, 9);
    at::Tensor const first = frozen.forward(latents).clone();
    at::Tensor const first_gradient = frozen.backward(first).clone();
    CHECK(at::equal(frozen.forward(latents), first));
    CHECK(at::equal(frozen.backward(first), first_gradient));
}

TEST_CASE("Parameters of another network are refused by name")
{
    auto parameters = test::random_generator(5, 8);
    CHECK_THROWS_WITH(FrozenGenerator(test::dcgan_network(6), parameters, at::kCPU),
                      Catch::Contains("fc1.weight") && Catch::Contains("[1024, 6]"));
    parameters.pop_back();
    CHECK_THROWS_WITH(FrozenGenerator(test::dcgan_network(5), parameters, at::kCPU),
                      Catch::Contains("deconv2.bias"));
}

TEST_CASE("a generator that counts as used often gives the bits of one that was")
{
    // The weights that are packed: large enough to round otherwise then.
    NetworkSpec const spec = test::dcgan_network(5);
    auto const parameters = test::random_parameters(spec, 3);
    at::Tensor const latents = test::random_tensor({100, 5}, 4);
    at::Tensor const gradient = test::random_tensor({100, spec.back().output.size()}, 5);
    FrozenGenerator used(spec, parameters, at::kCPU);
    for (std::int64_t uses : {uses_before_packing / 2, 2 * uses_before_packing})
    {
        for (std::int64_t i = used.uses().front(); i < uses; ++i)
        {
            used.forward(latents);
        }
        FrozenGenerator fresh(spec, parameters, at::kCPU);
        fresh.set_uses(used.uses());
        CHECK(fresh.uses() == used.uses());
        CHECK(at::equal(fresh.forward(latents), used.forward(latents)));
        CHECK(at::equal(fresh.backward(gradient), used.backward(gradient)));
    }
}
