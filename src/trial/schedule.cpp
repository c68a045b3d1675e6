#include "trial/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/contract.hpp"

namespace surf::trial
{
namespace
{

double weight(SurfingSettings const& settings, std::int64_t snapshot, std::int64_t snapshots)
{
    switch (settings.schedule)
    {
        case Schedule::linear:
            return static_cast<double>(snapshots - snapshot);
        case Schedule::inverse:
            return 1.0 / static_cast<double>(snapshot + 1);
        case Schedule::geometric:
        case Schedule::adaptive:
            return std::pow(settings.ratio, static_cast<double>(snapshot));
        case Schedule::uniform:
            return 1.0;
    }
    return 1.0;
}

}  // namespace

std::vector<std::int64_t> spread_budget(SurfingSettings const& settings, std::int64_t snapshots,
                                        std::int64_t budget)
{
    EXPECT(snapshots > 0 && budget >= 0);
    auto const size = static_cast<std::size_t>(snapshots);
    std::vector<double> weights(size);
    for (std::int64_t t = 0; t < snapshots; ++t)
    {
        weights[static_cast<std::size_t>(t)] = weight(settings, t, snapshots);
    }
    double const total = std::accumulate(weights.begin(), weights.end(), 0.0);

    std::vector<std::int64_t> steps(size);
    std::vector<double> remainders(size);
    for (std::size_t t = 0; t < size; ++t)
    {
        double const share = static_cast<double>(budget) * weights[t] / total;
        steps[t] = static_cast<std::int64_t>(share);
        remainders[t] = share - static_cast<double>(steps[t]);
    }
    std::vector<std::size_t> order(size);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
    std::int64_t const missing =
        budget - std::accumulate(steps.begin(), steps.end(), std::int64_t{0});
    ENSURE(missing >= 0 && missing <= snapshots);
    for (std::int64_t i = 0; i < missing; ++i)
    {
        ++steps[order[static_cast<std::size_t>(i)]];
    }
    return steps;
}

}  // namespace surf::trial
