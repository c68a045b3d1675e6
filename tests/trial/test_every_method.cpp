#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "landscape/small_surfaces.hpp"
#include "spec/method.hpp"
#include "trial/engine.hpp"
#include "trial/short_block.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::trial;
using namespace surf::test;

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
                                                frozen_evaluators(at::kCPU), uninterrupted());
                REQUIRE(std::ssize(outcomes) == block.count);
                for (TrialOutcome const& outcome : outcomes)
                {
                    CHECK(std::isfinite(outcome.objective));
                    // The same f, summed in another batch, may round otherwise.
                    CHECK(outcome.best_objective <= outcome.objective * (1 + 1e-5) + 1e-6);
                    CHECK(outcome.iterations > 0);
                    CHECK(outcome.network_evaluations > 0);
                    bool const hit = outcome.hit_evaluations != TrialOutcome::never;
                    CHECK(hit == (outcome.first_hit != TrialOutcome::never));
                    CHECK(outcome.hit_evaluations <= outcome.network_evaluations);
                    CHECK((outcome.goal_evaluations == TrialOutcome::never ||
                           outcome.goal_evaluations == outcome.network_evaluations));
                    if (heeds(method.kind, SettingGroup::restarts))
                    {
                        // The last step may be a Jacobian's.
                        CHECK(outcome.network_evaluations <= restart_evaluations + latent_dim + 2);
                    }
                    CHECK(std::ssize(outcome.latent) == latent_dim);
                    CHECK(std::isnan(outcome.distance) == !task.has_latent);
                }
            }
        }
    }
}

namespace
{

/// Another value of one setting.
struct Change
{
    char const* name;
    void (*apply)(CellSpec& cell);
};

constexpr std::array changes = {
    Change{"adam.learning_rate", [](CellSpec& cell) { cell.adam.learning_rate = 0.05; }},
    Change{"adam.beta1", [](CellSpec& cell) { cell.adam.beta1 = 0.5; }},
    Change{"adam.beta2", [](CellSpec& cell) { cell.adam.beta2 = 0.9; }},
    Change{"adam.epsilon", [](CellSpec& cell) { cell.adam.epsilon = 0.1; }},
    Change{"stop.relative_change", [](CellSpec& cell) { cell.stop.relative_change = 0.9; }},
    Change{"stop.window", [](CellSpec& cell) { cell.stop.window = 3; }},
    Change{"stop.relative_target", [](CellSpec& cell) { cell.stop.relative_target = 0.3; }},
    Change{"stop.max_iterations", [](CellSpec& cell) { cell.stop.max_iterations = 33; }},
    Change{"stop.success_distance", [](CellSpec& cell) { cell.stop.success_distance = 9; }},
    Change{"surfing.schedule", [](CellSpec& cell) { cell.surfing.schedule = Schedule::uniform; }},
    Change{"surfing.ratio", [](CellSpec& cell) { cell.surfing.ratio = 0.3; }},
    Change{"surfing.adam_state", [](CellSpec& cell) { cell.surfing.adam_state = AdamState::keep; }},
    Change{"polish.by", [](CellSpec& cell) { cell.polish.by = Polish::lm; }},
    Change{"projected.slack", [](CellSpec& cell) { cell.projected.slack = 0.1; }},
    Change{"projected.max_pieces", [](CellSpec& cell) { cell.projected.max_pieces = 1; }},
    Change{"projected.rounds", [](CellSpec& cell) { cell.projected.rounds = 3; }},
    Change{"projected.step_tolerance", [](CellSpec& cell) { cell.projected.step_tolerance = 0.5; }},
    Change{"projected.max_steps", [](CellSpec& cell) { cell.projected.max_steps = 1; }},
    Change{"projected.starts", [](CellSpec& cell) { cell.projected.starts = 2; }},
    Change{"projected.first_snapshot", [](CellSpec& cell) { cell.projected.first_snapshot = 1; }},
    Change{"lm.jacobian", [](CellSpec& cell) { cell.lm.jacobian = JacobianUpdate::exact; }},
    Change{"lm.refresh_below", [](CellSpec& cell) { cell.lm.refresh_below = 0.9; }},
    Change{"lm.damping", [](CellSpec& cell) { cell.lm.damping = 10; }},
    Change{"lm.decrease", [](CellSpec& cell) { cell.lm.decrease = 0.9; }},
    Change{"lm.increase", [](CellSpec& cell) { cell.lm.increase = 10; }},
    Change{"lm.max_step", [](CellSpec& cell) { cell.lm.max_step = 0.05; }},
    Change{"lm.max_damping", [](CellSpec& cell) { cell.lm.max_damping = 0.02; }},
    Change{"lm.window", [](CellSpec& cell) { cell.lm.window = 2; }},
    Change{"lm.max_steps", [](CellSpec& cell) { cell.lm.max_steps = 3; }},
    Change{"surfing_lm.schedule",
           [](CellSpec& cell) { cell.surfing_lm.schedule = LmSchedule::adaptive; }},
    Change{"surfing_lm.every", [](CellSpec& cell) { cell.surfing_lm.every = 1; }},
    Change{"surfing_lm.steps", [](CellSpec& cell) { cell.surfing_lm.steps = 4; }},
};

}  // namespace

TEST_CASE("a setting that changes a method's outcomes is part of its cells' ids")
{
    // Else a changed job would take stored results for its own: a method's row lacks a group.
    auto const run = [](BlockSpec const& block) {
        return run_block(block, {small_chain().reader()}, at::kCPU, frozen_evaluators(at::kCPU),
                         uninterrupted());
    };
    for (MethodEntry const& method : method_table)
    {
        BlockSpec const block = short_block(Task::inversion, Operator::identity, method.kind);
        auto const outcomes = run(block);
        std::int64_t heeded = 0;
        for (Change const& change : changes)
        {
            CAPTURE(method.name, change.name);
            BlockSpec other = block;
            change.apply(other.cell);
            if (run(other) != outcomes)
            {
                CHECK(other.cell.id() != block.cell.id());
                ++heeded;
            }
        }
        CAPTURE(method.name);
        CHECK(heeded >= 4);  // the test sees what a method heeds
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
