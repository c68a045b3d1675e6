#include "model/frozen_layer.hpp"
#include "trial/attempts.hpp"
#include "trial/final_network.hpp"
#include "trial/going_on.hpp"
#include "trial/methods/methods.hpp"
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

/// Rides the latents along snapshots 0 … T − 1 (Algorithm 1 as run in section 4 of the paper): a
/// fixed number of Adam steps on each. Snapshots without steps are not even read.
void surf(CellSpec const& cell, std::int64_t budget, Snapshots const& snapshots,
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

/// One search of the trials in these rows, along the chain first if there are steps for that.
std::vector<TrialOutcome> search_rows(SearchInput const& input,
                                      std::vector<std::int64_t> const& rows,
                                      std::int64_t surfing_steps)
{
    CellSpec const& cell = input.cell();
    at::Tensor const chosen = at::tensor(rows, at::kLong).to(input.device);
    bool const all = std::ssize(rows) == input.block.count;
    Objective const objective = all ? input.objective : input.objective.select(chosen);
    at::Tensor latents = input.initial_latents().index_select(0, chosen);
    Adam adam(cell.adam, latents);
    if (surfing_steps > 0)
    {
        surf(cell, surfing_steps, input.snapshots, objective, latents, adam, input.stop);
    }
    // The final network comes after: surfing has two in memory as it is.
    return descend_on_final(
        cell, input.snapshots, objective,
        {latents, input.target_latents().index_select(0, chosen), std::move(adam), surfing_steps},
        input.stop);
}

}  // namespace

std::vector<TrialOutcome> search_by_surfing(SearchInput const& input)
{
    CellSpec const& cell = input.cell();
    bool const adapts = cell.surfing.schedule == Schedule::adaptive;
    return attempt_in_turn(goals_of(input.objective, cell.stop), adapts ? 2 : 1,
                           [&](std::int64_t number, std::vector<std::int64_t> const& rows) {
                               bool const straight = adapts && number == 0;
                               return search_rows(input, rows, straight ? 0 : input.block.budget);
                           });
}

}  // namespace surf::trial
