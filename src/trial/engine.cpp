#include "trial/engine.hpp"

#include <utility>

#include "base/contract.hpp"
#include "trial/descent.hpp"
#include "trial/methods/methods.hpp"
#include "trial/snapshots.hpp"

namespace surf::trial
{
namespace
{

/// What the trials look for: y.
at::Tensor draw_target(Problem const& problem, TrialInputs const& inputs,
                       Snapshots const& snapshots, at::Device device)
{
    if (!has_latent(problem.task))
    {
        return inputs.target_image.to(device);
    }
    auto const generator = snapshots.prepare(snapshots.read(snapshots.last()), at::kFloat);
    return generator->forward(inputs.target_latent.to(device)).clone();
}

/// The block's objective on any of the networks.
Objective objective_of(TrialInputs const& inputs, at::Tensor target)
{
    at::Device const device = target.device();
    return {std::move(target), inputs.measured_by.to(device, at::kFloat),
            inputs.noise.defined() ? inputs.noise.to(device) : at::Tensor()};
}

}  // namespace

BlockProblem draw_problem(BlockSpec const& block, BlockSources const& sources, at::Device device,
                          EvaluatorFactory const& evaluators)
{
    EXPECT(block.count > 0);
    TrialInputs inputs = draw_inputs(block.cell, block.first, block.count, sources.test_images);
    at::Tensor target =
        draw_target(block.cell.problem, inputs, Snapshots(sources.chain, evaluators), device);
    Objective objective = objective_of(inputs, target);
    return {std::move(inputs), std::move(target), std::move(objective)};
}

std::vector<TrialOutcome> solve(BlockSpec const& block, BlockProblem const& problem,
                                BlockSources const& sources, at::Device device,
                                EvaluatorFactory const& evaluators, Checkpoint& checkpoint)
{
    Snapshots const snapshots(sources.chain, evaluators);
    auto outcomes = search_of(block.cell.method)(
        {block, snapshots, problem.objective, problem.inputs, device, checkpoint});
    auto const goals = goals_of(problem.objective, block.cell.stop);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        TrialOutcome& outcome = outcomes[i];
        outcome.trial += block.first;
        outcome.goal_evaluations =
            outcome.best_objective <= goals[i] ? outcome.network_evaluations : TrialOutcome::never;
    }
    return outcomes;
}

std::vector<TrialOutcome> run_block(BlockSpec const& block, BlockSources const& sources,
                                    at::Device device, EvaluatorFactory const& evaluators,
                                    Checkpoint& checkpoint)
{
    return solve(block, draw_problem(block, sources, device, evaluators), sources, device,
                 evaluators, checkpoint);
}

}  // namespace surf::trial
