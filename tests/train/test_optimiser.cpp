#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "train/optimiser.hpp"

using namespace surf;
using namespace surf::train;

namespace
{

at::Tensor start()
{
    return at::tensor({1.0F, -2.0F, 0.5F, 3.0F}).reshape({2, 2}).set_requires_grad(true);
}

void descend(FusedAdam& adam, at::Tensor const& tensor, int steps)
{
    for (int i = 0; i < steps; ++i)
    {
        adam.zero_gradients();
        (tensor * tensor * tensor.exp()).sum().backward();
        adam.step();
    }
}

}  // namespace

TEST_CASE("The fused Adam follows the paper's recursion")
{
    Hyperparameters const hyper;
    at::Tensor const tensor = start();
    at::Tensor expected = start().detach().to(at::kDouble);
    at::Tensor first = at::zeros_like(expected);
    at::Tensor second = at::zeros_like(expected);
    FusedAdam adam({tensor}, hyper, 1e-3);
    for (int step = 1; step <= 20; ++step)
    {
        at::Tensor const gradient = (2 * expected + expected * expected) * expected.exp();
        first = hyper.beta1 * first + (1 - hyper.beta1) * gradient;
        second = hyper.beta2 * second + (1 - hyper.beta2) * gradient * gradient;
        expected =
            expected - 1e-3 * (first / (1 - std::pow(hyper.beta1, step))) /
                           ((second / (1 - std::pow(hyper.beta2, step))).sqrt() + hyper.epsilon);
        descend(adam, tensor, 1);
        REQUIRE(at::allclose(tensor.detach().to(at::kDouble), expected, 1e-5, 1e-6));
    }
}

TEST_CASE("A restored optimiser goes on with the same bits")
{
    at::Tensor const whole = start();
    FusedAdam uninterrupted({whole}, {}, 1e-3);
    descend(uninterrupted, whole, 5);

    Parameters arrays;
    uninterrupted.append_state("adam", arrays);
    at::Tensor const resumed = whole.detach().clone().set_requires_grad(true);
    FusedAdam restored({resumed}, {}, 1e-3);
    restored.restore("adam", arrays);
    descend(uninterrupted, whole, 5);
    descend(restored, resumed, 5);
    CHECK(at::equal(whole, resumed));

    arrays.pop_back();
    CHECK_THROWS_WITH(restored.restore("adam", arrays), Catch::Contains("adam.0.step"));
}
