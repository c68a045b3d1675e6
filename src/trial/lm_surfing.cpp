#include "trial/lm_surfing.hpp"

#include "base/contract.hpp"
#include "trial/attempts.hpp"
#include "trial/descent.hpp"
#include "trial/going_on.hpp"
#include "trial/levenberg_marquardt.hpp"
#include "trial/lm_descent.hpp"

namespace surf::trial
{
namespace
{

/// Rides all trials of a search along snapshots 0, stride, 2 stride … before the final network, so
/// many steps on each.
void surf_by_lm(Snapshots const& snapshots, std::int64_t stride, std::int64_t steps,
                LevenbergMarquardt& search, std::stop_token const& stop)
{
    std::vector<std::int64_t> visited;
    for (std::int64_t t = 0; t < snapshots.last(); t += stride)
    {
        visited.push_back(t);
    }
    Procession<model::Evaluator> generators(
        visited, [&](std::int64_t t) { return snapshots.prepare(snapshots.read(t), at::kFloat); });
    for (std::size_t i = 0; i < visited.size(); ++i)
    {
        auto const generator = generators.next();
        search.look(*generator);
        for (std::int64_t step = 0; step < steps; ++step)
        {
            require_going_on(stop);
            search.step(*generator);
        }
    }
}

}  // namespace

std::vector<std::int64_t> strides(SurfingLmSettings const& settings)
{
    EXPECT(settings.every > 0 && settings.steps > 0);
    if (settings.schedule == LmSchedule::fixed)
    {
        return {settings.every};
    }
    std::vector<std::int64_t> ever_denser = {straight};
    for (std::int64_t stride = 2 * settings.every;
         stride > 0 && std::ssize(ever_denser) < settings.attempts; stride /= 2)
    {
        ever_denser.push_back(stride);
    }
    return ever_denser;
}

std::vector<TrialOutcome> search_by_lm(CellSpec const& cell, Snapshots const& snapshots,
                                       Objective const& objective, at::Tensor const& latents,
                                       at::Tensor const& target_latents,
                                       std::stop_token const& stop)
{
    auto const stride_of =
        cell.method == Method::surfing_lm ? strides(cell.surfing_lm) : std::vector{straight};
    auto const attempt = [&](std::int64_t number, std::vector<std::int64_t> const& rows) {
        bool const all = std::ssize(rows) == latents.size(0);
        at::Tensor const chosen = at::tensor(rows, at::kLong).to(latents.device());
        LevenbergMarquardt search(cell.lm, all ? objective : objective.select(chosen),
                                  latents.index_select(0, chosen));
        std::int64_t const stride = stride_of[static_cast<std::size_t>(number)];
        if (stride != straight)
        {
            surf_by_lm(snapshots, stride, cell.surfing_lm.steps, search, stop);
        }
        auto const generator = snapshots.prepare(snapshots.read(snapshots.last()), at::kFloat);
        return descend_by_lm(*generator,
                             {std::move(search), target_latents.index_select(0, chosen)}, cell.lm,
                             cell.stop, stop);
    };
    return attempt_in_turn(goals_of(objective, cell.stop), std::ssize(stride_of), attempt);
}

}  // namespace surf::trial
