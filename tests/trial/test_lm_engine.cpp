#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "trial/engine.hpp"
#include "trial/line_chain.hpp"
#include "trial/lm_surfing.hpp"
#include "trial/small_block.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

constexpr std::int64_t latent_dim = 3;
constexpr std::int64_t snapshots = 6;

/// Of the paper's generator.
chain::Reader const& shared_chain()
{
    static test::LineChain const chain(test::dcgan_network(latent_dim, test::small_image),
                                       snapshots);
    return chain.reader();
}

BlockSpec block_of(Method method)
{
    BlockSpec block = test::small_block(shared_chain(), method);
    block.cell.lm.max_steps = 15;
    block.cell.surfing_lm.every = 2;
    return block;
}

std::vector<TrialOutcome> run(BlockSpec const& block, EvaluatorFactory const& evaluators)
{
    return run_block(block, {shared_chain()}, at::kCPU, evaluators, uninterrupted());
}

std::vector<TrialOutcome> run(BlockSpec const& block)
{
    return run(block, frozen_evaluators(at::kCPU));
}

/// Counts the passes of one image: a forward or backward pass is 1, a Jacobian k.
class WorkCounter final : public model::Evaluator
{
  public:
    WorkCounter(std::unique_ptr<Evaluator> inner, std::int64_t& work)
        : inner_(std::move(inner)), work_(work)
    {}
    at::Tensor forward(at::Tensor const& latents) override
    {
        work_ += latents.size(0);
        return inner_->forward(latents);
    }
    at::Tensor backward(at::Tensor const& gradient) override
    {
        work_ += gradient.size(0);
        return inner_->backward(gradient);
    }
    at::Tensor jacobian() override { return counted(inner_->jacobian()); }
    at::Tensor jacobian_of(at::Tensor const& rows) override
    {
        return counted(inner_->jacobian_of(rows));
    }
    model::Linearised linearise(at::Tensor const& latents, at::Tensor const& rows) override
    {
        work_ += latents.size(0);
        model::Linearised linearised = inner_->linearise(latents, rows);
        return {linearised.images, counted(linearised.jacobians)};
    }

  private:
    at::Tensor counted(at::Tensor const& jacobians)
    {
        work_ += jacobians.size(0) * jacobians.size(1);
        return jacobians;
    }

    std::unique_ptr<Evaluator> inner_;
    std::int64_t& work_;
};

/// The work of each evaluator that a block makes, in the order of their making.
std::vector<std::int64_t> work_of(BlockSpec const& block, std::vector<TrialOutcome>& outcomes)
{
    std::vector<std::unique_ptr<std::int64_t>> work;
    outcomes = run(block, [&](GeneratorSpec const& generator, Parameters const& parameters,
                              model::MatrixTypes types) {
        work.push_back(std::make_unique<std::int64_t>(0));
        return std::make_unique<WorkCounter>(
            frozen_evaluators(at::kCPU)(generator, parameters, types), *work.back());
    });
    std::vector<std::int64_t> counts;
    std::ranges::transform(work, std::back_inserter(counts), [](auto const& one) { return *one; });
    return counts;
}

std::int64_t evaluations_of(std::vector<TrialOutcome> const& outcomes)
{
    return std::accumulate(outcomes.begin(), outcomes.end(), std::int64_t{0},
                           [](std::int64_t sum, TrialOutcome const& outcome) {
                               return sum + outcome.network_evaluations;
                           });
}

/// Passes of a trial that are no part of its search: its target; f, ∇f and image at its end.
constexpr std::int64_t around_search = 4;

}  // namespace

TEST_CASE("A block of a second-order method gives one outcome a trial, the same bits every time")
{
    for (Method const method : {Method::lm, Method::surfing_lm})
    {
        BlockSpec const block = block_of(method);
        auto const outcomes = run(block);
        REQUIRE(std::ssize(outcomes) == block.count);
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            CHECK(outcomes[i].trial == block.first + static_cast<std::int64_t>(i));
            CHECK(std::ssize(outcomes[i].latent) == latent_dim);
            CHECK(outcomes[i].iterations > 0);
            CHECK(outcomes[i].latent == outcomes[i].best_latent);
            CHECK(outcomes[i].objective ==
                  Approx(outcomes[i].best_objective).epsilon(1e-3).margin(1e-9));
        }
        CHECK((run(block) == outcomes));
    }
}

TEST_CASE("Network evaluations of a second-order method are what its evaluators did")
{
    for (Method const method : {Method::lm, Method::surfing_lm})
    {
        for (JacobianUpdate const update : {JacobianUpdate::exact, JacobianUpdate::secant})
        {
            BlockSpec block = block_of(method);
            block.cell.lm.jacobian = update;
            std::vector<TrialOutcome> outcomes;
            auto const work = work_of(block, outcomes);
            CHECK(std::accumulate(work.begin(), work.end(), std::int64_t{0}) ==
                  evaluations_of(outcomes) + around_search * block.count);
        }
    }
}

TEST_CASE("surfing-lm visits every so many snapshots and tries so many steps on each")
{
    BlockSpec block = block_of(Method::surfing_lm);
    block.cell.lm.jacobian = JacobianUpdate::exact;
    block.cell.surfing_lm.every = 2;
    block.cell.surfing_lm.steps = 1;
    block.cell.lm.max_steps = 0;
    std::vector<TrialOutcome> outcomes;
    auto const work = work_of(block, outcomes);
    // The final network for targets; snapshots 0, 2 and 4; the final network.
    std::int64_t const visit = block.count * (1 + latent_dim + 1);
    CHECK(work == std::vector{block.count, visit, visit, visit,
                              block.count * (1 + latent_dim + around_search - 1)});
    for (TrialOutcome const& outcome : outcomes)
    {
        CHECK(outcome.iterations == 3);
        CHECK(outcome.stop_reason == StopReason::iteration_cap);
    }
}

TEST_CASE("Levenberg-Marquardt ends nearer to its goal than Adam after as many evaluations")
{
    BlockSpec adam = block_of(Method::adam);
    BlockSpec lm = block_of(Method::lm);
    auto const newton = run(lm);
    auto const gradient = run(adam);
    for (std::size_t i = 0; i < newton.size(); ++i)
    {
        INFO("trial " << newton[i].trial);
        CHECK(newton[i].network_evaluations <= gradient[i].network_evaluations);
        CHECK(newton[i].objective < gradient[i].objective);
    }
}

TEST_CASE("The frozen engine takes the second-order path of the autograd engine")
{
    for (Task const task : {Task::inversion, Task::recovery})
    {
        for (Method const method : {Method::lm, Method::surfing_lm})
        {
            BlockSpec block = block_of(method);
            block.cell.problem.task = task;
            if (task == Task::recovery)
            {
                block.cell.problem.measured_by = Operator::gaussian;
                block.cell.problem.measurements = 40;
            }
            // Before rounding has grown.
            block.cell.surfing_lm.steps = 1;
            block.cell.lm.max_steps = method == Method::lm ? 3 : 1;
            auto const frozen = run(block);
            auto const reference = run(block, reference_evaluators(at::kCPU));
            for (std::size_t i = 0; i < frozen.size(); ++i)
            {
                INFO("trial " << frozen[i].trial);
                CHECK(frozen[i].iterations == reference[i].iterations);
                CHECK(frozen[i].network_evaluations == reference[i].network_evaluations);
                CHECK(frozen[i].objective ==
                      Approx(reference[i].objective).epsilon(5e-3).margin(1e-6));
                CHECK(frozen[i].distance == Approx(reference[i].distance).margin(2e-3));
            }
        }
    }
}

TEST_CASE("Second-order methods start from the latents and targets of the others")
{
    BlockSpec adam = block_of(Method::adam);
    adam.cell.stop.max_iterations = 0;
    BlockSpec lm = block_of(Method::lm);
    lm.cell.lm.max_steps = 0;
    auto const expected = run(adam);
    auto const found = run(lm);
    for (std::size_t i = 0; i < found.size(); ++i)
    {
        CHECK(found[i].latent == expected[i].latent);
        CHECK(found[i].objective == expected[i].objective);
        CHECK(found[i].pixel_error == expected[i].pixel_error);
    }
}

TEST_CASE("A second-order cell's id depends on what the method uses and on nothing else")
{
    CellSpec const lm = block_of(Method::lm).cell;
    CellSpec other = lm;
    other.adam.learning_rate = 1;
    other.stop.window = 7;
    other.stop.max_iterations = 7;
    other.surfing.ratio = 0.5;
    other.surfing_lm.every = 7;
    other.precision = Precision::mixed;
    CHECK(other.id() == lm.id());
    other.lm.damping = 1;
    CHECK_FALSE(other.id() == lm.id());
    CellSpec surfing = lm;
    surfing.method = Method::surfing_lm;
    CellSpec visits = surfing;
    visits.surfing_lm.every = 7;
    CHECK_FALSE(visits.id() == surfing.id());
    CellSpec adam = block_of(Method::adam).cell;
    CellSpec tuned = adam;
    tuned.lm.damping = 1;
    tuned.surfing_lm.steps = 7;
    CHECK(tuned.id() == adam.id());
}

TEST_CASE("A polish goes on from where Adam meets the looser rule")
{
    struct Variant
    {
        Method method;
        Precision precision = Precision::float32;
    };
    for (auto const [method, precision] :
         {Variant{Method::adam}, Variant{Method::surfing}, Variant{Method::adam, Precision::mixed}})
    {
        BlockSpec block = block_of(method);
        block.budget.steps = method == Method::surfing ? 8 : 0;
        block.cell.precision = precision;
        block.cell.stop.window = 10;
        auto const plain = run(block);
        block.cell.polish = {.by = Polish::lm, .relative_change = 0.999};
        std::vector<TrialOutcome> outcomes;
        auto const work = work_of(block, outcomes);
        CHECK(std::accumulate(work.begin(), work.end(), std::int64_t{0}) ==
              evaluations_of(outcomes) + around_search * block.count);
        CHECK((run(block) == outcomes));
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            INFO("trial " << outcomes[i].trial);
            // Adam hands over as soon as it may: after a window.
            std::int64_t const adam = outcomes[i].iterations - outcomes[i].polish_iterations;
            std::int64_t const searches = precision == Precision::mixed ? 2 : 1;
            CHECK(adam >= block.budget.steps + block.cell.stop.window);
            CHECK(adam <= block.budget.steps + block.cell.stop.window * searches);
            CHECK(outcomes[i].polish_iterations > 0);
            CHECK(outcomes[i].polish_iterations <= block.cell.lm.max_steps);
            CHECK(plain[i].polish_iterations == 0);
            CHECK(outcomes[i].objective < plain[i].objective);
        }
    }
}

TEST_CASE("Without Adam's steps a polish is lm")
{
    BlockSpec polished = block_of(Method::adam);
    polished.cell.polish.by = Polish::lm;
    polished.cell.stop.max_iterations = 0;
    auto const expected = run(block_of(Method::lm));
    auto const found = run(polished);
    for (std::size_t i = 0; i < found.size(); ++i)
    {
        CHECK(found[i].latent == expected[i].latent);
        CHECK(found[i].iterations == expected[i].iterations);
        CHECK(found[i].polish_iterations == expected[i].iterations);
        CHECK(found[i].network_evaluations == expected[i].network_evaluations + 2);
    }
}

TEST_CASE("An adaptive schedule tries again what it left above its goal, and only that")
{
    BlockSpec straight_on = block_of(Method::lm);
    straight_on.cell.lm.max_steps = 2;
    straight_on.cell.lm.window = 20;  // so that nothing but the goal ends a trial before its cap
    auto const reaches = [](TrialOutcome const& outcome) {
        return outcome.stop_reason == StopReason::converged;
    };
    std::vector<TrialOutcome> first;
    double target = 1;
    do
    {
        target /= 10;
        REQUIRE(target > 1e-12);
        straight_on.cell.stop.relative_target = target;
        first = run(straight_on);
    } while (std::ranges::all_of(first, reaches));
    REQUIRE(std::ranges::any_of(first, reaches));

    BlockSpec adaptive = straight_on;
    adaptive.cell.method = Method::surfing_lm;
    adaptive.cell.surfing_lm = {.schedule = LmSchedule::adaptive, .every = 1, .attempts = 2};
    BlockSpec fixed = straight_on;
    fixed.cell.method = Method::surfing_lm;
    fixed.cell.surfing_lm = {.every = 2};
    auto const second = run(fixed);
    std::vector<TrialOutcome> outcomes;
    work_of(adaptive, outcomes);
    CHECK((run(adaptive) == outcomes));
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        INFO("trial " << outcomes[i].trial);
        CHECK((outcomes[i] == first[i]) == reaches(first[i]));
        CHECK(outcomes[i].objective <= first[i].objective);
        if (!reaches(first[i]))
        {
            // Alone in its batch, the second attempt differs by rounding.
            CHECK(outcomes[i].iterations > first[i].iterations);
            CHECK(outcomes[i].objective == Approx(std::min(first[i].objective, second[i].objective))
                                               .epsilon(0.1)
                                               .margin(1e-3));
        }
    }
}

TEST_CASE("Adam's adaptive schedule surfs where Adam alone stays above its goal")
{
    BlockSpec adam = block_of(Method::adam);
    BlockSpec adaptive = block_of(Method::surfing);
    adaptive.budget.steps = 8;
    BlockSpec surfing = adaptive;
    adaptive.cell.surfing.schedule = Schedule::adaptive;
    auto const first = run(adam);
    auto const second = run(surfing);
    auto const both = run(adaptive);
    for (std::size_t i = 0; i < both.size(); ++i)
    {
        INFO("trial " << both[i].trial);
        CHECK(both[i].iterations == first[i].iterations + second[i].iterations);
        CHECK(both[i].network_evaluations ==
              first[i].network_evaluations + second[i].network_evaluations);
        CHECK(both[i].objective == std::min(first[i].objective, second[i].objective));
    }
    adaptive.cell.stop.relative_target = 0.99;  // where trials start
    adam.cell.stop.relative_target = 0.99;
    CHECK((run(adaptive) == run(adam)));
}

TEST_CASE("An adaptive schedule goes straight first, then with half the stride each time")
{
    SurfingLmSettings settings{.schedule = LmSchedule::adaptive, .every = 5, .attempts = 4};
    CHECK(strides(settings) == std::vector<std::int64_t>{straight, 10, 5, 2});
    settings.attempts = 64;
    CHECK(strides(settings) == std::vector<std::int64_t>{straight, 10, 5, 2, 1});
    settings.attempts = 1;
    CHECK(strides(settings) == std::vector<std::int64_t>{straight});
    settings.schedule = LmSchedule::fixed;
    CHECK(strides(settings) == std::vector<std::int64_t>{5});
}
