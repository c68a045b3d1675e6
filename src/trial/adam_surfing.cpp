#include "trial/adam_surfing.hpp"

#include "model/frozen_layer.hpp"
#include "trial/descent_batch.hpp"
#include "trial/final_network.hpp"
#include "trial/going_on.hpp"
#include "trial/prefetcher.hpp"
#include "trial/schedule.hpp"

namespace surf::trial
{
namespace
{

/// After which of so many steps on a network the next one is made ready: the first or, if the
/// network packs its weights, the one in which it does: there are three copies of them for a while,
/// and a network that is ready beside it would be a fourth.
std::int64_t preparing_step(std::int64_t steps, at::Device device)
{
    constexpr std::int64_t packing = model::uses_before_packing;
    return device.is_cpu() && steps > packing ? packing : 0;
}

/// Takes the latents along snapshots 0 … T − 1. Snapshots without steps are not even read.
void ride(CellSpec const& cell, std::int64_t budget, Snapshots const& snapshots,
          Objective const& objective, at::Tensor& latents, Adam& adam, std::stop_token const& stop)
{
    SurfingSettings const& settings = cell.surfing;
    auto const steps = spread_budget(settings, snapshots.last(), budget);
    std::vector<std::int64_t> visited;
    for (std::int64_t t = 0; t < snapshots.last(); ++t)
    {
        if (steps[static_cast<std::size_t>(t)] > 0)
        {
            visited.push_back(t);
        }
    }
    at::ScalarType const type = approximate_type(cell.precision);
    Prefetcher<model::Evaluator> generators(
        visited, [&](std::int64_t t) { return snapshots.prepare(snapshots.read(t), type); });
    for (std::int64_t const t : visited)
    {
        auto const generator = generators.next_alone();
        if (settings.adam_state == AdamState::reset)
        {
            adam.reset();
        }
        std::int64_t const own_steps = steps[static_cast<std::size_t>(t)];
        for (std::int64_t i = 0; i < own_steps; ++i)
        {
            require_going_on(stop);
            adam.step(latents, objective.evaluate(*generator, latents).gradient);
            if (i == preparing_step(own_steps, latents.device()))
            {
                generators.prepare_next();
            }
        }
    }
    if (settings.adam_state == AdamState::reset)
    {
        adam.reset();
    }
}

}  // namespace

std::vector<TrialOutcome> surf_by_adam(SearchInput const& input, SearchStart start,
                                       std::int64_t steps)
{
    CellSpec const& cell = input.cell();
    Objective const objective = input.objective_of(start.rows);
    at::Tensor latents = start.latents;
    Adam adam(cell.adam, latents);
    if (steps > 0)
    {
        ride(cell, steps, input.snapshots, objective, latents, adam, input.stop);
    }
    at::Tensor const allowance =
        start.allowance.defined() ? start.allowance - evaluations_a_step * steps : at::Tensor();
    // The final network comes after: surfing has two in memory as it is.
    return descend_on_final(cell, input.snapshots, objective,
                            {.latents = latents,
                             .target_latents = input.target_latents_of(start.rows),
                             .adam = std::move(adam),
                             .iterations = steps,
                             .allowance = allowance},
                            input.stop);
}

}  // namespace surf::trial
