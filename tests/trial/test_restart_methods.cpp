#include <array>
#include <catch2/catch.hpp>

#include "landscape/small_surfaces.hpp"
#include "trial/engine.hpp"
#include "trial/line_chain.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

constexpr std::int64_t latent_dim = 10;
constexpr std::int64_t snapshots = 21;

test::LineChain const& small_chain()
{
    static test::LineChain const chain(test::relu_network(latent_dim, 2), snapshots);
    return chain;
}

/// A trial of an inversion, which ends early.
BlockSpec trial_of(Method method, std::int64_t number)
{
    BlockSpec block;
    chain::Reader const& chain = small_chain().reader();
    block.cell.chain = chain.id();
    block.cell.generator = chain.header().generator;
    block.cell.problem = {.seed = 5, .task = Task::inversion};
    block.cell.method = method;
    block.cell.stop.max_iterations = 40;
    block.cell.stop.window = 30;
    block.cell.lm.max_steps = 20;
    block.cell.surfing_lm.every = 1;
    block.first = number;
    block.count = 1;
    block.budget.steps = heeds(method, SettingGroup::surfing) ? 60 : 0;
    return block;
}

TrialOutcome run(BlockSpec const& block)
{
    return run_block(block, {small_chain().reader()}, at::kCPU, frozen_evaluators(at::kCPU),
                     uninterrupted())
        .front();
}

struct Pair
{
    Method once;
    Method again;
};

constexpr std::array pairs = {
    Pair{Method::adam, Method::restarts},
    Pair{Method::surfing, Method::restarts_surfing},
    Pair{Method::lm, Method::restarts_lm},
    Pair{Method::surfing_lm, Method::restarts_surfing_lm},
};

}  // namespace

TEST_CASE("with what one search takes, starting again is that search, bit for bit")
{
    for (Pair const& pair : pairs)
    {
        for (std::int64_t number = 0; number < 3; ++number)
        {
            CAPTURE(entry_of(pair.again).name, number);
            TrialOutcome const once = run(trial_of(pair.once, number));
            BlockSpec block = trial_of(pair.again, number);
            block.budget.evaluations = once.network_evaluations;
            CHECK((run(block) == once));
        }
    }
}

TEST_CASE("with more, another start is made, and the best counts")
{
    for (Pair const& pair : pairs)
    {
        std::int64_t better = 0;
        for (std::int64_t number = 0; number < 6; ++number)
        {
            CAPTURE(entry_of(pair.again).name, number);
            auto const far_from_goal = [&](Method method) {
                BlockSpec block = trial_of(method, number);
                block.cell.lm.max_steps = 3;
                block.cell.stop.relative_target = 0;
                return block;
            };
            TrialOutcome const once = run(far_from_goal(pair.once));
            BlockSpec block = far_from_goal(pair.again);
            block.budget.evaluations = 5 * once.network_evaluations;
            TrialOutcome const again = run(block);
            CHECK(again.objective <= once.objective);
            bool const solved = again.goal_evaluations != TrialOutcome::never;
            CHECK((solved || again.network_evaluations > 3 * once.network_evaluations));
            better += again.objective < once.objective ? 1 : 0;
        }
        CAPTURE(entry_of(pair.again).name);
        CHECK(better > 0);
    }
}

TEST_CASE("no search takes more than its budget and one step")
{
    for (Pair const& pair : pairs)
    {
        for (JacobianUpdateEntry const& jacobian : jacobian_update_table)
        {
            for (std::int64_t const budget : {1, 12, 60, 400})  // less than a path, and more
            {
                CAPTURE(entry_of(pair.again).name, jacobian.name, budget);
                BlockSpec block = trial_of(pair.again, 0);
                block.cell.lm.jacobian = jacobian.kind;
                block.budget.evaluations = budget;
                // By Levenberg-Marquardt: the steps on a snapshot, a Jacobian each, and the look at
                // the final network.
                std::int64_t const snapshot = (block.cell.surfing_lm.steps + 2) * (latent_dim + 2);
                bool const by_lm = heeds(pair.again, SettingGroup::lm);
                CHECK(run(block).network_evaluations <= budget + (by_lm ? snapshot : 2));
            }
        }
    }
}
