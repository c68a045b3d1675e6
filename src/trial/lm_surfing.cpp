#include "trial/lm_surfing.hpp"

#include "base/contract.hpp"
#include "base/error.hpp"

namespace surf::trial
{

void surf_by_lm(Snapshots const& snapshots, SurfingLmSettings const& settings,
                LevenbergMarquardt& search, std::stop_token const& stop)
{
    EXPECT(settings.every > 0 && settings.steps > 0);
    std::vector<std::int64_t> visited;
    for (std::int64_t t = 0; t < snapshots.last(); t += settings.every)
    {
        visited.push_back(t);
    }
    Procession<model::Evaluator> generators(
        visited, [&](std::int64_t t) { return snapshots.prepare(snapshots.read(t), at::kFloat); });
    for (std::size_t i = 0; i < visited.size(); ++i)
    {
        auto const generator = generators.next();
        search.look(*generator);
        for (std::int64_t step = 0; step < settings.steps; ++step)
        {
            if (stop.stop_requested())
            {
                throw Interrupted("stopped while surfing (the block is computed again next time)");
            }
            search.step(*generator);
        }
    }
}

}  // namespace surf::trial
