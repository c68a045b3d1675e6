#include "trial/lm_surfing.hpp"

#include "base/contract.hpp"
#include "trial/attempts.hpp"
#include "trial/descent.hpp"
#include "trial/going_on.hpp"
#include "trial/levenberg_marquardt.hpp"
#include "trial/lm_descent.hpp"
#include "trial/prefetcher.hpp"

namespace surf::trial
{
namespace
{

/// Takes all trials of a search along snapshots 0, stride, 2 stride … before the final network, so
/// many steps on each.
void visit(Snapshots const& snapshots, std::int64_t stride, std::int64_t steps,
           LevenbergMarquardt& search, std::stop_token const& stop)
{
    std::vector<std::int64_t> visited;
    for (std::int64_t t = 0; t < snapshots.last(); t += stride)
    {
        visited.push_back(t);
    }
    Prefetcher<model::Evaluator> generators(
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

std::vector<TrialOutcome> surf_by_lm(SearchInput const& input,
                                     std::vector<std::int64_t> const& stride_of)
{
    CellSpec const& cell = input.cell();
    Snapshots const& snapshots = input.snapshots;
    auto const attempt = [&](std::int64_t number, std::vector<std::int64_t> const& rows) {
        bool const all = std::ssize(rows) == input.block.count;
        at::Tensor const chosen = at::tensor(rows, at::kLong).to(input.device);
        LevenbergMarquardt search(cell.lm, all ? input.objective : input.objective.select(chosen),
                                  input.initial_latents().index_select(0, chosen));
        std::int64_t const stride = stride_of[static_cast<std::size_t>(number)];
        if (stride != straight)
        {
            visit(snapshots, stride, cell.surfing_lm.steps, search, input.stop);
        }
        auto const generator = snapshots.prepare(snapshots.read(snapshots.last()), at::kFloat);
        return descend_by_lm(*generator,
                             {std::move(search), input.target_latents().index_select(0, chosen)},
                             cell.lm, cell.stop, input.stop);
    };
    return attempt_in_turn(goals_of(input.objective, cell.stop), std::ssize(stride_of), attempt);
}

}  // namespace surf::trial
