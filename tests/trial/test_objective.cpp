#include <catch2/catch.hpp>

#include "model/evaluator.hpp"
#include "model/random_network.hpp"
#include "trial/objective.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

constexpr std::int64_t trials = 4;

model::ReferenceEvaluator small_reference()
{
    return model::ReferenceEvaluator(model::Network(
        model::generator_spec(3), test::random_generator(3, 1), at::kCPU, at::kDouble));
}

}  // namespace

TEST_CASE("Value and gradient of the objective equal autograd through the whole formula")
{
    auto reference = small_reference();
    model::Network const network(model::generator_spec(3), test::random_generator(3, 1), at::kCPU,
                                 at::kDouble);
    at::Tensor const target = test::random_tensor({trials, 784}, 2).to(at::kDouble);
    at::Tensor const latents = test::random_tensor({trials, 3}, 3).to(at::kDouble);
    for (bool const measured : {false, true})
    {
        at::Tensor const matrix =
            measured ? test::random_tensor({trials, 11, 784}, 4).to(at::kDouble) : at::Tensor();
        Evaluation const evaluation = Objective(target, matrix).evaluate(reference, latents);

        at::Tensor const x = latents.clone().set_requires_grad(true);
        at::Tensor residual = network.forward(x, model::Mode::evaluation) - target;
        if (measured)
        {
            residual = at::einsum("tmn,tn->tm", {matrix, residual});
        }
        at::Tensor const value = 0.5 * residual.pow(2).sum(1);
        value.sum().backward();
        INFO((measured ? "A given" : "A = I"));
        CHECK(test::relative_error(evaluation.value, value.detach()) < 1e-12);
        CHECK(test::relative_error(evaluation.gradient, x.grad()) < 1e-10);
    }
}

TEST_CASE("At the target's own latents the objective and the pixel error vanish")
{
    auto reference = small_reference();
    at::Tensor const latents = test::random_tensor({trials, 3}, 5).to(at::kDouble);
    Objective const objective(reference.forward(latents), at::Tensor());
    CHECK(objective.evaluate(reference, latents).value.abs().max().item<double>() < 1e-24);
    CHECK(objective.pixel_error(reference, latents).max().item<double>() < 1e-12);
}

TEST_CASE("A selection keeps the trials' own targets and matrices")
{
    auto reference = small_reference();
    Objective const objective(test::random_tensor({trials, 784}, 6).to(at::kDouble),
                              test::random_tensor({trials, 5, 784}, 7).to(at::kDouble));
    at::Tensor const latents = test::random_tensor({trials, 3}, 8).to(at::kDouble);
    at::Tensor const rows = at::tensor({3, 1}, at::kLong);
    Evaluation const all = objective.evaluate(reference, latents);
    Evaluation const some =
        objective.select(rows).evaluate(reference, latents.index_select(0, rows));
    CHECK(at::allclose(some.value, all.value.index_select(0, rows), 1e-12));
    CHECK(at::allclose(some.gradient, all.gradient.index_select(0, rows), 1e-10));
    CHECK(at::allclose(objective.select(rows).squared_norm(),
                       objective.squared_norm().index_select(0, rows)));
}
