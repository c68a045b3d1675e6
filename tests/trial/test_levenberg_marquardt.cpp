#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <sstream>

#include "hdf5/python.hpp"
#include "model/evaluator.hpp"
#include "model/random_network.hpp"
#include "trial/levenberg_marquardt.hpp"
#include "trial/lm_descent.hpp"
#include "trial/operators.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::test;
using namespace surf::trial;

namespace
{

constexpr std::int64_t trials = 4;
constexpr std::int64_t latent_dim = 3;

/// ∂r/∂x of AG(x) for explicit A, a row of autograd at a time: [trials × m × k].
at::Tensor autograd_jacobian(model::Network const& network, at::Tensor const& matrix,
                             at::Tensor const& latents)
{
    at::Tensor const x = latents.clone().set_requires_grad(true);
    at::Tensor const measured =
        at::einsum("tmn,tn->tm", {matrix, network.forward(x, model::Mode::evaluation)});
    std::vector<at::Tensor> rows;
    for (std::int64_t i = 0; i < measured.size(1); ++i)
    {
        measured.select(1, i).sum().backward({}, /*retain_graph=*/true);
        rows.push_back(x.grad().clone());
        x.mutable_grad().zero_();
    }
    return at::stack(rows, 1);
}

/// G_i(x) = x_1 exp(−x_0 t_i) + x_2 for t_i = i / 4: three latents, twenty pixels.
class DecayGenerator final : public model::Evaluator
{
  public:
    static constexpr std::int64_t pixels = 20;

    at::Tensor forward(at::Tensor const& latents) override
    {
        at::Tensor const times = at::arange(pixels, latents.options()) / 4;
        decay_ = at::exp(at::neg(latents.select(1, 0).unsqueeze(1)) * times);
        at::Tensor const height = latents.select(1, 1).unsqueeze(1);
        slopes_ = at::stack({at::neg(height) * times * decay_, decay_, at::ones_like(decay_)}, 1);
        return height * decay_ + latents.select(1, 2).unsqueeze(1);
    }
    at::Tensor backward(at::Tensor const& gradient) override
    {
        return at::bmm(slopes_, gradient.unsqueeze(2)).squeeze(2);
    }
    at::Tensor jacobian() override { return slopes_; }

  private:
    at::Tensor decay_;
    at::Tensor slopes_;
};

/// Decays with noise, so that no x fits them: [count × pixels].
at::Tensor noisy_decays(std::int64_t count)
{
    DecayGenerator generator;
    at::Tensor const x = random_doubles({count, latent_dim}, 11).abs() + 0.5;
    return generator.forward(x) + random_doubles({count, DecayGenerator::pixels}, 12) * 0.05;
}

at::Tensor decay_starts(std::int64_t count)
{
    return random_doubles({count, latent_dim}, 13).abs() + 0.3;
}

std::vector<TrialOutcome> fit_decays(LmSettings const& settings, StopRule const& rule,
                                     std::int64_t count)
{
    DecayGenerator generator;
    Objective const objective(noisy_decays(count), MeasurementOperator::identity());
    at::Tensor const starts = decay_starts(count);
    return descend_by_lm(
        generator,
        {LevenbergMarquardt(settings, objective, starts), at::full_like(starts, std::nan(""))},
        settings, rule, uninterrupted());
}

/// Each trial tries one step.
void step(LevenbergMarquardt& search, model::Evaluator& generator)
{
    at::Tensor const enough = search.state().steps + 1;
    while (search.advance_to(enough, generator))
    {}
}

constexpr LmSettings with(JacobianUpdate update)
{
    return {.jacobian = update};
}

}  // namespace

TEST_CASE("J, J'J, gradient and step equal autograd through an explicit matrix, in float64")
{
    model::ReferenceEvaluator reference(expansive_network(latent_dim));
    model::Network const network = expansive_network(latent_dim);
    at::Tensor const target = random_doubles({trials, 784}, 2);
    at::Tensor const latents = random_doubles({trials, latent_dim}, 3);
    LmSettings settings;
    settings.damping = 0.3;
    settings.max_step = 1e9;
    for (CellSpec const& cell : all_operators())
    {
        INFO(describe(cell));
        MeasurementOperator const measured_by =
            draw_inputs(cell, 0, trials).measured_by.to(at::kCPU, at::kDouble);
        Objective const objective(target, measured_by);
        LevenbergMarquardt search(settings, objective, latents);
        search.look(reference);

        at::Tensor const matrix = explicit_matrix(measured_by, trials, 784, at::kDouble);
        at::Tensor const jacobian = autograd_jacobian(network, matrix, latents);
        CHECK(relative_error(search.state().jacobians, jacobian.transpose(1, 2)) < 1e-12);
        at::Tensor const normal = at::bmm(jacobian.transpose(1, 2), jacobian);
        at::Tensor const found = search.state().jacobians;
        CHECK(relative_error(at::bmm(found, found.transpose(1, 2)), normal) < 1e-12);

        Evaluation const evaluation = objective.evaluate(reference, latents);
        CHECK(relative_error(search.state().values, evaluation.value) < 1e-12);
        CHECK(relative_error(at::bmm(found, search.state().residuals.unsqueeze(2)).squeeze(2),
                             evaluation.gradient) < 1e-10);

        at::Tensor const damped = normal + 0.3 * at::diag_embed(at::diagonal(normal, 0, 1, 2));
        at::Tensor const step =
            at::neg(std::get<0>(at::linalg_solve_ex(damped, evaluation.gradient.unsqueeze(2))));
        LmProposal const proposal = search.propose();
        if (cell.measurements() >= latent_dim)  // otherwise JᵀJ is singular but for the damping
        {
            CHECK(relative_error(proposal.shift, step.squeeze(2)) < 1e-8);
        }
        at::Tensor const ahead =
            search.state().residuals + at::bmm(jacobian, proposal.shift.unsqueeze(2)).squeeze(2);
        CHECK(relative_error(proposal.predicted, evaluation.value - 0.5 * ahead.pow(2).sum(1)) <
              1e-9);
    }
}

TEST_CASE("A step is never longer than max_step and lowers f or stays")
{
    model::ReferenceEvaluator reference(expansive_network(latent_dim));
    LmSettings settings;
    settings.max_step = 0.05;
    for (JacobianUpdate const update : {JacobianUpdate::exact, JacobianUpdate::secant})
    {
        settings.jacobian = update;
        Objective const objective(random_doubles({trials, 784}, 2),
                                  MeasurementOperator::identity());
        LevenbergMarquardt search(settings, objective, random_doubles({trials, latent_dim}, 3));
        search.look(reference);
        for (int i = 0; i < 20; ++i)
        {
            LmState const before = search.state();
            step(search, reference);
            LmState const& after = search.state();
            at::Tensor const length =
                at::linalg_vector_norm(after.latents - before.latents, 2, at::IntArrayRef{1});
            CHECK(length.max().item<double>() < 0.05 * (1 + 1e-9));
            at::Tensor const fell = after.values.lt(before.values);
            CHECK(at::equal(fell, length.gt(0)));
            CHECK(at::equal(fell.logical_or(after.values.eq(before.values)), at::ones_like(fell)));
            CHECK(relative_error(after.values, objective.evaluate(reference, after.latents).value) <
                  1e-12);
        }
    }
}

TEST_CASE("A secant Jacobian is right along the step just taken and unchanged across it")
{
    model::ReferenceEvaluator reference(expansive_network(latent_dim));
    LmSettings settings;
    settings.refresh_below = 0;
    Objective const objective(random_doubles({trials, 784}, 2), MeasurementOperator::identity());
    LevenbergMarquardt search(settings, objective, random_doubles({trials, latent_dim}, 3));
    search.look(reference);
    LmState const before = search.state();
    step(search, reference);
    LmState const& after = search.state();
    at::Tensor const taken = after.values.lt(before.values);
    REQUIRE(taken.any().item<bool>());
    for (std::int64_t i = 0; i < trials; ++i)
    {
        if (taken[i].item<bool>())
        {
            at::Tensor const shift = after.latents[i] - before.latents[i];
            at::Tensor const change = after.residuals[i] - before.residuals[i];
            CHECK(relative_error(at::mv(after.jacobians[i].t(), shift), change) < 1e-10);
            at::Tensor const across = at::linalg_cross(shift, at::ones_like(shift), 0);
            CHECK(relative_error(at::mv(after.jacobians[i].t(), across),
                                 at::mv(before.jacobians[i].t(), across)) < 1e-10);
        }
    }
}

TEST_CASE("Small problems end where scipy's least_squares ends them")
{
    constexpr std::int64_t count = 12;
    ScratchFolder const folder;
    std::filesystem::path const file = folder.path / "problems.txt";
    {
        std::ofstream stream(file);
        at::Tensor const numbers = at::cat({decay_starts(count), noisy_decays(count)}, 1);
        for (std::int64_t i = 0; i < count; ++i)
        {
            for (std::int64_t j = 0; j < numbers.size(1); ++j)
            {
                stream << fmt::format("{} ", numbers[i][j].item<double>());
            }
            stream << '\n';
        }
    }
    std::istringstream solved(python(R"(
import numpy as np
from scipy.optimize import least_squares
times = np.arange(20) / 4
for row in np.loadtxt(path):
    fit = least_squares(lambda x: x[1] * np.exp(-x[0] * times) + x[2] - row[3:], row[:3],
                        method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    print(fit.cost, *fit.x)
)",
                                     file));
    StopRule rule;
    rule.relative_change = 1e-14;
    auto const exact = fit_decays(with(JacobianUpdate::exact), rule, count);
    auto const secant = fit_decays(with(JacobianUpdate::secant), rule, count);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    {
        double cost = 0;
        std::array<double, latent_dim> x{};
        REQUIRE(solved >> cost >> x[0] >> x[1] >> x[2]);
        INFO("problem " << i << ", f = " << cost << " at " << x[0] << ", " << x[1] << ", " << x[2]);
        for (TrialOutcome const* outcome : {&exact[i], &secant[i]})
        {
            CHECK(outcome->stop_reason == StopReason::converged);
            CHECK(outcome->best_objective == Approx(cost).epsilon(1e-8));
            for (std::size_t j = 0; j < latent_dim; ++j)
            {
                CHECK(outcome->latent[j] == Approx(x[j]).epsilon(1e-4).margin(1e-5));
            }
        }
    }
}

TEST_CASE("A trial's search does not depend on who else is in the batch")
{
    auto const many = fit_decays({}, {}, 12);
    DecayGenerator generator;
    at::Tensor const starts = decay_starts(12).slice(0, 5, 8);
    Objective const objective(noisy_decays(12).slice(0, 5, 8), MeasurementOperator::identity());
    auto apart = descend_by_lm(
        generator, {LevenbergMarquardt({}, objective, starts), at::full_like(starts, std::nan(""))},
        {}, {}, uninterrupted());
    for (std::size_t i = 0; i < apart.size(); ++i)
    {
        CHECK(apart[i].iterations == many[i + 5].iterations);
        CHECK(apart[i].network_evaluations == many[i + 5].network_evaluations);
        CHECK(apart[i].best_objective == Approx(many[i + 5].best_objective).epsilon(1e-9));
    }
}

TEST_CASE("A search ends at its goal, at its cap, when no step helps, and where f is not finite")
{
    StopRule rule;
    rule.relative_change = 0;
    LmSettings settings;
    settings.max_steps = 3;
    for (TrialOutcome const& outcome : fit_decays(settings, rule, 6))
    {
        CHECK(outcome.stop_reason == StopReason::iteration_cap);
        CHECK(outcome.iterations == 3);
    }
    settings.max_steps = 1000;
    settings.window = 1000;
    for (TrialOutcome const& outcome : fit_decays(settings, rule, 6))
    {
        CHECK(outcome.stop_reason == StopReason::converged);  // by its damping
        CHECK(outcome.iterations < 300);
    }

    DecayGenerator generator;
    at::Tensor const x = at::tensor({0.7, 1.1, 0.2}, at::kDouble).unsqueeze(0);
    at::Tensor const target = generator.forward(x);
    auto const from = [&](at::Tensor const& start, at::Tensor const& goal) {
        Objective const objective(goal, MeasurementOperator::identity());
        return descend_by_lm(generator, {LevenbergMarquardt({}, objective, start), x}, {}, {},
                             uninterrupted())
            .front();
    };
    TrialOutcome const near = from(x + 0.2, target);
    CHECK(near.stop_reason == StopReason::converged);
    CHECK(near.success);
    CHECK(near.objective <= 1e-12 * target.pow(2).sum().item<double>());
    CHECK(near.first_hit > 0);
    CHECK(near.first_hit <= near.iterations);
    TrialOutcome const there = from(x, target);
    CHECK(there.iterations == 0);
    CHECK(there.first_hit == 0);
    CHECK(there.network_evaluations == 1 + latent_dim);
    TrialOutcome const lost = from(x, at::full_like(target, std::nan("")));
    CHECK(lost.stop_reason == StopReason::non_finite);
    CHECK(lost.iterations == 0);
}
