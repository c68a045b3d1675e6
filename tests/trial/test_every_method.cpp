#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "landscape/small_surfaces.hpp"
#include "spec/method.hpp"
#include "trial/engine.hpp"
#include "trial/line_chain.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

constexpr std::int64_t latent_dim = 2;

test::LineChain const& small_chain()
{
    static test::LineChain const chain(test::relu_network(latent_dim, 2), 4);
    return chain;
}

/// Four trials that end early, whatever the method.
BlockSpec short_block(Task task, Operator measured_by, Method method)
{
    BlockSpec block;
    chain::Reader const& chain = small_chain().reader();
    CellSpec& cell = block.cell;
    cell.chain = chain.id();
    cell.generator = chain.header().generator;
    cell.problem = {.seed = 5, .task = task};
    if (measures(task))
    {
        cell.problem.measured_by = measured_by;
        cell.problem.measurements = 49;
        cell.problem.noise = measured_by == Operator::identity ? 0.1 : 0;
    }
    cell.method = method;
    cell.stop.max_iterations = 40;
    cell.stop.window = 30;
    cell.lm.max_steps = 20;
    cell.projected.starts = 1;
    cell.projected.max_pieces = 4;
    cell.surfing_lm.every = 2;
    block.count = 4;
    block.budget = entry_of(method).budget ? 25 : 0;
    return block;
}

}  // namespace

TEST_CASE("every task can be solved by every method through every operator")
{
    data::TestImages const images = test::random_images(20);
    for (TaskEntry const& task : task_table)
    {
        for (OperatorEntry const& measured_by : operator_table)
        {
            if (!task.measured && measured_by.kind != Operator::identity)
            {
                continue;
            }
            for (MethodEntry const& method : method_table)
            {
                CAPTURE(task.name, measured_by.name, method.name);
                BlockSpec const block = short_block(task.kind, measured_by.kind, method.kind);
                auto const outcomes = run_block(block, {small_chain().reader(), &images}, at::kCPU,
                                                frozen_evaluators(at::kCPU), {});
                REQUIRE(std::ssize(outcomes) == block.count);
                for (TrialOutcome const& outcome : outcomes)
                {
                    CHECK(std::isfinite(outcome.objective));
                    // The same f, summed in another batch, may round otherwise.
                    CHECK(outcome.best_objective <= outcome.objective * (1 + 1e-5) + 1e-6);
                    CHECK(outcome.iterations > 0);
                    CHECK(outcome.network_evaluations > 0);
                    CHECK(std::ssize(outcome.latent) == latent_dim);
                    CHECK(std::isnan(outcome.distance) == !task.has_latent);
                }
            }
        }
    }
}

TEST_CASE("every method's cost is above that of no search at all")
{
    for (MethodEntry const& method : method_table)
    {
        CAPTURE(method.name);
        BlockSpec const block = short_block(Task::inversion, Operator::identity, method.kind);
        CHECK(method.cost(block.cell, 3) > latent_dim);
    }
}
