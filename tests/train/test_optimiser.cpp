#include <catch2/catch.hpp>
#include <cmath>

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

/// Minimises Σ x² eˣ.
void descend(WeightOptimiser& optimiser, at::Tensor const& tensor, int steps)
{
    for (int i = 0; i < steps; ++i)
    {
        optimiser.zero_gradients();
        (tensor * tensor * tensor.exp()).sum().backward();
        optimiser.step();
    }
}

/// Its gradient.
double slope(double x)
{
    return (2 * x + x * x) * std::exp(x);
}

Hyperparameters with(Optimiser optimiser)
{
    Hyperparameters hyper;
    hyper.optimiser = optimiser;
    return hyper;
}

/// Compares 20 steps with the same recursion in double, number by number.
template <class Update>
void check_recursion(Hyperparameters const& hyper, double rate, Update const& update)
{
    at::Tensor const tensor = start();
    std::vector<double> expected = {1.0, -2.0, 0.5, 3.0};
    auto const optimiser = make_optimiser({tensor}, hyper, rate);
    for (int step = 1; step <= 20; ++step)
    {
        descend(*optimiser, tensor, 1);
        for (std::size_t i = 0; i < expected.size(); ++i)
        {
            expected[i] -= update(i, slope(expected[i]), step);
        }
        REQUIRE(at::allclose(tensor.detach().to(at::kDouble).flatten(), at::tensor(expected), 1e-5,
                             1e-6));
    }
}

}  // namespace

TEST_CASE("Adam follows the paper's recursion")
{
    for (double const beta1 : {0.5, 0.0})
    {
        Hyperparameters hyper = with(Optimiser::adam);
        hyper.beta1 = beta1;
        std::vector<double> first(4);
        std::vector<double> second(4);
        check_recursion(hyper, 1e-3, [&](std::size_t i, double gradient, int step) {
            first[i] = hyper.beta1 * first[i] + (1 - hyper.beta1) * gradient;
            second[i] = hyper.beta2 * second[i] + (1 - hyper.beta2) * gradient * gradient;
            double const mean = first[i] / (1 - std::pow(hyper.beta1, step));
            double const square = second[i] / (1 - std::pow(hyper.beta2, step));
            return 1e-3 * mean / (std::sqrt(square) + hyper.epsilon);
        });
    }
}

TEST_CASE("RMSProp follows torch.optim's recursion: the epsilon is outside the root")
{
    for (double const epsilon : {1e-8, 0.5})
    {
        Hyperparameters hyper = with(Optimiser::rmsprop);
        hyper.epsilon = epsilon;
        hyper.decay = 0.9;
        std::vector<double> square(4);
        check_recursion(hyper, 1e-3, [&](std::size_t i, double gradient, int) {
            square[i] = hyper.decay * square[i] + (1 - hyper.decay) * gradient * gradient;
            return 1e-3 * gradient / (std::sqrt(square[i]) + hyper.epsilon);
        });
    }
}

TEST_CASE("A restored optimiser goes on with the same bits")
{
    for (OptimiserEntry const& entry : optimiser_table)
    {
        INFO(entry.name);
        Hyperparameters const hyper = with(entry.kind);
        at::Tensor const whole = start();
        auto const uninterrupted = make_optimiser({whole}, hyper, 1e-3);
        descend(*uninterrupted, whole, 5);

        Parameters arrays;
        uninterrupted->append_state("generator", arrays);
        at::Tensor const resumed = whole.detach().clone().set_requires_grad(true);
        auto const restored = make_optimiser({resumed}, hyper, 1e-3);
        restored->restore("generator", arrays);
        descend(*uninterrupted, whole, 5);
        descend(*restored, resumed, 5);
        CHECK(at::equal(whole, resumed));

        std::string const missing = arrays.back().name;
        CHECK(missing.starts_with("generator." + std::string(entry.name) + ".0."));
        arrays.pop_back();
        CHECK_THROWS_WITH(restored->restore("generator", arrays), Catch::Contains(missing));
    }
}

TEST_CASE("The state of one optimiser is refused by another")
{
    at::Tensor const tensor = start();
    Parameters arrays;
    make_optimiser({tensor}, with(Optimiser::adam), 1e-3)->append_state("critic", arrays);
    CHECK_THROWS_AS(
        make_optimiser({tensor}, with(Optimiser::rmsprop), 1e-3)->restore("critic", arrays),
        FileError);
}
