#include <torch/csrc/autograd/autograd.h>

#include <catch2/catch.hpp>

#include "model/product.hpp"
#include "model/random_network.hpp"

using namespace surf;
using namespace surf::model;

namespace
{

using test::random_tensor;
using test::relative_error;

/// A product, its gradients and the gradients of those gradients' norms.
struct Derivatives
{
    at::Tensor value, by_a, by_b, second_by_a, second_by_b;
};

template <class Product>
Derivatives derivatives(Product const& product, at::ScalarType type)
{
    at::Tensor const a = random_tensor({9, 33}, 1).to(type).requires_grad_(true);
    at::Tensor const b = random_tensor({70, 33}, 2).to(type).requires_grad_(true);
    at::Tensor const weight = random_tensor({9, 70}, 3).to(type);
    Derivatives all;
    all.value = product(a, b);
    auto const loss = (all.value * all.value * weight).sum();
    auto const first = torch::autograd::grad({loss}, {a, b}, {}, /*retain_graph=*/true,
                                             /*create_graph=*/true);
    all.by_a = first[0];
    all.by_b = first[1];
    auto const second = torch::autograd::grad({all.by_a.norm() + all.by_b.norm()}, {a, b});
    all.second_by_a = second[0];
    all.second_by_b = second[1];
    return all;
}

}  // namespace

TEST_CASE("The product of training has the derivatives of at::mm, twice over")
{
    auto const plain = [](at::Tensor const& a, at::Tensor const& b) { return at::mm(a, b.t()); };
    Derivatives const expected = derivatives(plain, at::kDouble);
    for (auto const& [type, bound] : {std::pair(at::kFloat, 1e-5), std::pair(at::kDouble, 1e-13)})
    {
        Derivatives const found = derivatives(product_transposed, type);
        CHECK(found.value.scalar_type() == type);
        CHECK(relative_error(found.value, expected.value) < bound);
        CHECK(relative_error(found.by_a, expected.by_a) < bound);
        CHECK(relative_error(found.by_b, expected.by_b) < bound);
        CHECK(relative_error(found.second_by_a, expected.second_by_a) < bound);
        CHECK(relative_error(found.second_by_b, expected.second_by_b) < bound);
    }
}

TEST_CASE("The product of training computes no gradient that nobody asked for")
{
    at::Tensor const a = random_tensor({4, 8}, 1).requires_grad_(true);
    at::Tensor const b = random_tensor({6, 8}, 2);
    product_transposed(a, b).sum().backward();
    CHECK(a.grad().defined());
    CHECK_FALSE(b.grad().defined());
}
