#include "trial/engine.hpp"

#include "base/contract.hpp"
#include "trial/descent.hpp"
#include "trial/inputs.hpp"
#include "trial/methods/methods.hpp"
#include "trial/objective.hpp"
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

std::vector<TrialOutcome> run_block(BlockSpec const& block, BlockSources const& sources,
                                    at::Device device, EvaluatorFactory const& evaluators,
                                    Checkpoint& checkpoint)
{
    EXPECT(block.count > 0);
    Problem const& problem = block.cell.problem;
    Snapshots const snapshots(sources.chain, evaluators);
    TrialInputs const inputs =
        draw_inputs(block.cell, block.first, block.count, sources.test_images);
    Objective const objective =
        objective_of(inputs, draw_target(problem, inputs, snapshots, device));
    auto outcomes =
        search_of(block.cell.method)({block, snapshots, objective, inputs, device, checkpoint});
    auto const goals = goals_of(objective, block.cell.stop);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        TrialOutcome& outcome = outcomes[i];
        outcome.trial += block.first;
        outcome.goal_evaluations =
            outcome.best_objective <= goals[i] ? outcome.network_evaluations : TrialOutcome::never;
    }
    return outcomes;
}

}  // namespace surf::trial
