#include <catch2/catch.hpp>
#include <cmath>

#include "model/evaluator.hpp"
#include "model/random_network.hpp"
#include "trial/objective.hpp"
#include "trial/operators.hpp"

using namespace surf;
using namespace surf::test;
using namespace surf::trial;

namespace
{

constexpr std::int64_t trials = 4;
constexpr std::int64_t latent_dim = 3;

MeasurementOperator drawn(CellSpec const& cell)
{
    return draw_inputs(cell, 0, trials).measured_by.to(at::kCPU, at::kDouble);
}

}  // namespace

TEST_CASE("Value and gradient equal autograd through the formula with an explicit matrix")
{
    model::ReferenceEvaluator reference(expansive_network(latent_dim));
    model::Network const network = expansive_network(latent_dim);
    at::Tensor const target = random_doubles({trials, 784}, 2);
    at::Tensor const latents = random_doubles({trials, latent_dim}, 3);
    for (CellSpec const& cell : all_operators())
    {
        MeasurementOperator const measured_by = drawn(cell);
        at::Tensor const noise = random_doubles({trials, cell.measurements()}, 4);
        Evaluation const evaluation =
            Objective(target, measured_by, noise).evaluate(reference, latents);

        at::Tensor const matrix = explicit_matrix(measured_by, trials, 784, at::kDouble);
        at::Tensor const x = latents.clone().set_requires_grad(true);
        at::Tensor const error = network.forward(x, model::Mode::evaluation) - target;
        at::Tensor const value =
            0.5 * (at::einsum("tmn,tn->tm", {matrix, error}) - noise).pow(2).sum(1);
        value.sum().backward();
        INFO(describe(cell));
        CHECK(relative_error(evaluation.value, value.detach()) < 1e-12);
        CHECK(relative_error(evaluation.gradient, x.grad()) < 1e-10);
    }
}

TEST_CASE("The gradient through every operator equals finite differences")
{
    model::ReferenceEvaluator reference(expansive_network(latent_dim));
    at::Tensor const latents = random_doubles({trials, latent_dim}, 5);
    constexpr double step = 1e-6;
    for (CellSpec const& cell : all_operators())
    {
        INFO(describe(cell));
        Objective const objective(random_doubles({trials, 784}, 6), drawn(cell));
        at::Tensor const gradient = objective.evaluate(reference, latents).gradient.clone();
        at::Tensor differences = at::empty_like(gradient);
        for (std::int64_t i = 0; i < latent_dim; ++i)
        {
            at::Tensor shift = at::zeros_like(latents);
            shift.select(1, i).fill_(step);
            at::Tensor const ahead = objective.evaluate(reference, latents + shift).value;
            at::Tensor const behind = objective.evaluate(reference, latents - shift).value;
            differences.select(1, i).copy_((ahead - behind) / (2 * step));
        }
        CHECK(relative_error(gradient, differences) < 1e-6);
    }
}

TEST_CASE("At the target's own latents the objective and the pixel error vanish")
{
    model::ReferenceEvaluator reference(expansive_network(latent_dim));
    at::Tensor const latents = random_doubles({trials, latent_dim}, 7);
    for (CellSpec const& cell : all_operators())
    {
        INFO(describe(cell));
        Objective const objective(reference.forward(latents), drawn(cell));
        CHECK(objective.evaluate(reference, latents).value.abs().max().item<double>() < 1e-24);
        CHECK(objective.pixel_error(reference, latents).max().item<double>() < 1e-12);
    }
}

TEST_CASE("At the target the objective is the noise's, and the pixel error does not see it")
{
    model::ReferenceEvaluator reference(expansive_network(latent_dim));
    constexpr std::int64_t many = 300;
    at::Tensor const latents = random_doubles({many, latent_dim}, 8);
    for (Operator const kind : {Operator::gaussian, Operator::mask, Operator::block_average})
    {
        CellSpec cell = seen_through(kind, 16, Draw::shared);
        cell.problem.noise = 0.05;
        TrialInputs const inputs = draw_inputs(cell, 0, many);
        Objective const objective(reference.forward(latents),
                                  inputs.measured_by.to(at::kCPU, at::kDouble), inputs.noise);
        // 2 f / σ² is a χ² with m degrees of freedom: mean m, variance 2 m.
        at::Tensor const chi_square =
            objective.evaluate(reference, latents).value * (2 / (0.05 * 0.05));
        double const count = many;
        CHECK(chi_square.mean().item<double>() == Approx(16).margin(5 * std::sqrt(32 / count)));
        CHECK(objective.pixel_error(reference, latents).max().item<double>() < 1e-12);
    }
}

TEST_CASE("Without noise the objective has the bits of one that never heard of it")
{
    model::ReferenceEvaluator reference(expansive_network(latent_dim));
    at::Tensor const target = random_doubles({trials, 784}, 9);
    at::Tensor const latents = random_doubles({trials, latent_dim}, 10);
    CellSpec cell = seen_through(Operator::gaussian, 30);
    TrialInputs const inputs = draw_inputs(cell, 0, trials);
    cell.problem.noise = 0.0;
    TrialInputs const silent = draw_inputs(cell, 0, trials);
    auto const value = [&](TrialInputs const& drawn_inputs) {
        return Objective(target, drawn_inputs.measured_by.to(at::kCPU, at::kDouble),
                         drawn_inputs.noise)
            .evaluate(reference, latents)
            .value;
    };
    CHECK(at::equal(value(silent), value(inputs)));
    Objective const plain(target, inputs.measured_by.to(at::kCPU, at::kDouble));
    CHECK(at::equal(value(silent), plain.evaluate(reference, latents).value));
    cell.problem.noise = 1e-3;
    CHECK_FALSE(at::equal(value(draw_inputs(cell, 0, trials)), value(inputs)));
}

TEST_CASE("A selection keeps the trials' own targets, operators and noise")
{
    model::ReferenceEvaluator reference(expansive_network(latent_dim));
    at::Tensor const latents = random_doubles({trials, latent_dim}, 11);
    at::Tensor const rows = at::tensor({3, 1}, at::kLong);
    at::Tensor const chosen = latents.index_select(0, rows);
    for (CellSpec const& cell : all_operators())
    {
        INFO(describe(cell));
        Objective const objective(random_doubles({trials, 784}, 12), drawn(cell),
                                  random_doubles({trials, cell.measurements()}, 13));
        Evaluation const all = objective.evaluate(reference, latents);
        Objective const selected = objective.select(rows);
        Evaluation const some = selected.evaluate(reference, chosen);
        CHECK(at::allclose(some.value, all.value.index_select(0, rows), 1e-12));
        CHECK(at::allclose(some.gradient, all.gradient.index_select(0, rows), 1e-10));
        CHECK(
            at::allclose(selected.squared_norm(), objective.squared_norm().index_select(0, rows)));
        CHECK(at::allclose(selected.pixel_error(reference, chosen),
                           objective.pixel_error(reference, latents).index_select(0, rows)));
    }
}
