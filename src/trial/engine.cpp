#include "trial/engine.hpp"

#include "base/contract.hpp"
#include "base/error.hpp"
#include "model/frozen_generator.hpp"
#include "trial/adam.hpp"
#include "trial/descent.hpp"
#include "trial/inputs.hpp"
#include "trial/objective.hpp"
#include "trial/restarts.hpp"
#include "trial/schedule.hpp"

namespace surf::trial
{
namespace
{

/// The networks of a block's chain, made ready one at a time.
class Snapshots
{
  public:
    Snapshots(Problem const& problem, chain::Reader const& chain,
              EvaluatorFactory const& evaluators)
        : problem_(problem), chain_(chain), evaluators_(evaluators)
    {}

    /// T: the number of the final network.
    std::int64_t last() const { return chain_.snapshots() - 1; }
    std::unique_ptr<model::Evaluator> operator[](std::int64_t t) const
    {
        Parameters const parameters = chain_.read(t).generator;
        return evaluators_(
            model::stored_generator_spec(problem_.model, problem_.latent_dim, parameters),
            parameters);
    }

  private:
    Problem const& problem_;
    chain::Reader const& chain_;
    EvaluatorFactory const& evaluators_;
};

/// Rides the latents along snapshots 0 … T − 1 (Algorithm 1 as run in section 4 of the paper): a
/// fixed number of Adam steps on each. Snapshots without steps are not even read.
void surf(BlockSpec const& block, Snapshots const& snapshots, Objective const& objective,
          at::Tensor& latents, Adam& adam, std::stop_token const& stop)
{
    SurfingSettings const& settings = block.cell.surfing;
    auto const steps = spread_budget(settings, snapshots.last(), block.budget);
    for (std::int64_t t = 0; t < snapshots.last(); ++t)
    {
        std::int64_t const count = steps[static_cast<std::size_t>(t)];
        if (count == 0)
        {
            continue;
        }
        auto const generator = snapshots[t];
        if (settings.adam_state == AdamState::reset)
        {
            adam.reset();
        }
        for (std::int64_t i = 0; i < count; ++i)
        {
            if (stop.stop_requested())
            {
                throw Interrupted("stopped while surfing (the block is computed again next time)");
            }
            adam.step(latents, objective.evaluate(*generator, latents).gradient);
        }
    }
    if (settings.adam_state == AdamState::reset)
    {
        adam.reset();
    }
}

/// The block's objective on any of the networks; `target` is y.
Objective objective_of(TrialInputs const& inputs, at::Tensor target)
{
    at::Device const device = target.device();
    return {std::move(target), inputs.measurement.to(device, at::kFloat),
            inputs.noise.defined() ? inputs.noise.to(device) : at::Tensor()};
}

/// Searches the latents of all trials of a block by its method.
std::vector<TrialOutcome> search(BlockSpec const& block, Snapshots const& snapshots,
                                 model::Evaluator& final_generator, Objective const& objective,
                                 TrialInputs const& inputs, at::Device device,
                                 std::stop_token const& stop)
{
    CellSpec const& cell = block.cell;
    at::Tensor latents = inputs.initial_latent.to(device);
    at::Tensor const target_latents = inputs.target_latent.to(device);
    Adam adam(cell.adam, latents);
    switch (cell.method)
    {
        case Method::adam:
            break;
        case Method::surfing:
            surf(block, snapshots, objective, latents, adam, stop);
            break;
        case Method::restarts: {
            RestartLatents starts(cell.problem, block.first, block.count);
            Restarts const restarts{cell.adam, block.budget,
                                    [&](auto const& rows) { return starts.next(rows); }};
            return descend_restarting(final_generator, objective,
                                      {latents, target_latents, std::move(adam)}, restarts,
                                      cell.stop, stop);
        }
    }
    return descend(final_generator, objective,
                   {latents, target_latents, std::move(adam), block.budget}, cell.stop, stop);
}

}  // namespace

EvaluatorFactory frozen_evaluators(at::Device device)
{
    return [device](model::NetworkSpec spec, Parameters const& parameters) {
        return std::make_unique<model::FrozenGenerator>(std::move(spec), parameters, device);
    };
}

EvaluatorFactory reference_evaluators(at::Device device)
{
    return [device](model::NetworkSpec spec, Parameters const& parameters) {
        return std::make_unique<model::ReferenceEvaluator>(
            model::Network(std::move(spec), parameters, device));
    };
}

std::vector<TrialOutcome> run_block(BlockSpec const& block, BlockSources const& sources,
                                    at::Device device, EvaluatorFactory const& evaluators,
                                    std::stop_token const& stop)
{
    EXPECT(block.count > 0);
    Problem const& problem = block.cell.problem;
    Snapshots const snapshots(problem, sources.chain, evaluators);
    auto const final_generator = snapshots[snapshots.last()];

    TrialInputs const inputs = draw_inputs(problem, block.first, block.count, sources.test_images);
    Objective const objective =
        objective_of(inputs, has_latent(problem.task)
                                 ? final_generator->forward(inputs.target_latent.to(device)).clone()
                                 : inputs.target_image.to(device));
    auto outcomes = search(block, snapshots, *final_generator, objective, inputs, device, stop);
    for (TrialOutcome& outcome : outcomes)
    {
        outcome.trial += block.first;
    }
    return outcomes;
}

}  // namespace surf::trial
