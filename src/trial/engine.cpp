#include "trial/engine.hpp"

#include "base/contract.hpp"
#include "base/error.hpp"
#include "model/frozen_generator.hpp"
#include "trial/adam.hpp"
#include "trial/descent.hpp"
#include "trial/inputs.hpp"
#include "trial/objective.hpp"
#include "trial/schedule.hpp"

namespace surf::trial
{
namespace
{

/// Rides the latents along snapshots 0 … T − 1 (Algorithm 1 as run in section 4 of the paper): a
/// fixed number of Adam steps on each. Snapshots without steps are not even read.
void surf(BlockSpec const& block, chain::Reader const& chain, EvaluatorFactory const& evaluators,
          Objective const& objective, at::Tensor& latents, Adam& adam, std::stop_token const& stop)
{
    SurfingSettings const& settings = block.cell.surfing;
    auto const steps = spread_budget(settings, chain.snapshots() - 1, block.budget);
    auto const network = model::generator_spec(block.cell.problem.latent_dim);
    for (std::int64_t t = 0; t < chain.snapshots() - 1; ++t)
    {
        std::int64_t const count = steps[static_cast<std::size_t>(t)];
        if (count == 0)
        {
            continue;
        }
        auto const generator = evaluators(network, chain.read(t).generator);
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

std::vector<TrialOutcome> run_block(BlockSpec const& block, chain::Reader const& chain,
                                    at::Device device, EvaluatorFactory const& evaluators,
                                    std::stop_token const& stop)
{
    EXPECT(block.count > 0);
    Problem const& problem = block.cell.problem;
    auto const network = model::generator_spec(problem.latent_dim);
    auto const final_generator = evaluators(network, chain.read(chain.snapshots() - 1).generator);

    TrialInputs const inputs = draw_inputs(problem, block.first, block.count);
    at::Tensor const target_latents = inputs.target_latent.to(device);
    at::Tensor latents = inputs.initial_latent.to(device);
    Objective const objective(
        final_generator->forward(target_latents).clone(),
        inputs.measurement.defined() ? inputs.measurement.to(device) : at::Tensor());

    Adam adam(block.cell.adam, latents);
    if (block.cell.method == Method::surfing)
    {
        surf(block, chain, evaluators, objective, latents, adam, stop);
    }
    auto outcomes =
        descend(*final_generator, objective,
                {latents, target_latents, std::move(adam), block.budget}, block.cell.stop, stop);
    for (TrialOutcome& outcome : outcomes)
    {
        outcome.trial += block.first;
    }
    return outcomes;
}

}  // namespace surf::trial
