#include "trial/lm_surfing.hpp"

#include "base/contract.hpp"
#include "trial/descent.hpp"
#include "trial/going_on.hpp"
#include "trial/levenberg_marquardt.hpp"
#include "trial/lm_descent.hpp"
#include "trial/prefetcher.hpp"

namespace surf::trial
{
namespace
{

/// Snapshots 0, stride, 2 stride … before the final one.
std::vector<std::int64_t> visited(Snapshots const& snapshots, std::int64_t stride)
{
    std::vector<std::int64_t> numbers;
    for (std::int64_t t = 0; stride != straight && t < snapshots.last(); t += stride)
    {
        numbers.push_back(t);
    }
    return numbers;
}

/// Takes the trials of a search along these snapshots, so many steps on each, as long as they are
/// below their limits of network evaluations; undefined: there are none.
void visit(Snapshots const& snapshots, std::vector<std::int64_t> const& numbers, std::int64_t steps,
           at::Tensor const& limits, LevenbergMarquardt& search, std::stop_token const& stop)
{
    auto const take = [&](LevenbergMarquardt& part, model::Evaluator& generator) {
        part.look(generator);
        at::Tensor const enough = part.state().steps + steps;
        do
        {
            require_going_on(stop);
        } while (part.advance_to(enough, generator));
    };
    Prefetcher<model::Evaluator> generators(
        numbers, [&](std::int64_t t) { return snapshots.prepare(snapshots.read(t), at::kFloat); });
    for (std::size_t i = 0; i < numbers.size(); ++i)
    {
        auto const generator = generators.next();
        if (!limits.defined())
        {
            take(search, *generator);
            continue;
        }
        at::Tensor const rows = at::nonzero(search.state().evaluations.lt(limits)).squeeze(1);
        if (rows.size(0) == 0)
        {
            return;
        }
        LevenbergMarquardt going = search.select(rows);
        take(going, *generator);
        search.put(rows, going);
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

std::vector<TrialOutcome> surf_by_lm(SearchInput const& input, SearchStart const& start,
                                     std::int64_t stride)
{
    CellSpec const& cell = input.cell();
    Snapshots const& snapshots = input.snapshots;
    LevenbergMarquardt search(cell.lm, input.objective_of(start.rows), start.latents);
    visit(snapshots, visited(snapshots, stride), cell.surfing_lm.steps, start.allowance, search,
          input.stop);
    auto const generator = snapshots.prepare(snapshots.read(snapshots.last()), at::kFloat);
    return descend_by_lm(*generator,
                         {.search = std::move(search),
                          .target_latents = input.target_latents_of(start.rows),
                          .limits = start.allowance},
                         cell.lm, cell.stop, input.stop);
}

std::int64_t least_evaluations(SearchInput const& input, std::int64_t stride)
{
    CellSpec const& cell = input.cell();
    std::int64_t const visits = std::ssize(visited(input.snapshots, stride));
    return 1 + cell.generator.latent_dim + visits * (1 + cell.surfing_lm.steps);
}

}  // namespace surf::trial
