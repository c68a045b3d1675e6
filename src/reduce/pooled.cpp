#include "reduce/pooled.hpp"

#include <cmath>
#include <functional>
#include <map>

namespace surf::reduce
{

namespace
{

using Members = std::vector<SummarisedCell const*>;

TrainingSpread spread_over(Members const& members,
                           std::function<std::int64_t(CellStatistics const&)> const& successes_of)
{
    std::vector<TrainingTrials> trainings;
    for (SummarisedCell const* cell : members)
    {
        CellStatistics const& statistics = cell->summary.statistics;
        trainings.push_back({successes_of(statistics), statistics.trials});
    }
    return spread_of_rates(trainings);
}

std::vector<TrainingSpread> profile_over(Members const& members,
                                         Distribution CellStatistics::*evaluations)
{
    std::vector<TrainingSpread> profile;
    for (double const limit : profile_evaluations())
    {
        profile.push_back(spread_over(members, [&](CellStatistics const& statistics) {
            return (statistics.*evaluations).at_most(limit);
        }));
    }
    return profile;
}

TrainingSpread iterations_over(Members const& members)
{
    std::vector<double> counts;
    for (SummarisedCell const* cell : members)
    {
        // A trial may hit at its start, after 0 steps.
        if (double const count = cell->summary.statistics.iterations_p75(); count > 0)
        {
            counts.push_back(count);
        }
    }
    return spread_of_counts(counts);
}

double mean_evaluations(Members const& members)
{
    double sum = 0;
    for (SummarisedCell const* cell : members)
    {
        sum += cell->summary.statistics.evaluations.mean();
    }
    return sum / static_cast<double>(members.size());
}

std::optional<PooledComparison> comparison_over(Members const& members)
{
    PooledComparison comparison;
    std::vector<TrainingPairs> trainings;
    for (SummarisedCell const* cell : members)
    {
        auto const& pairs = cell->summary.against_adam;
        if (pairs && pairs->pairs() > 0)
        {
            comparison.pairs.merge(*pairs);
            trainings.push_back({pairs->method_only, pairs->adam_only, pairs->pairs()});
        }
    }
    if (trainings.empty())
    {
        return std::nullopt;
    }
    comparison.difference = spread_of_differences(trainings);
    return comparison;
}

/// A cell by its first training, and what those say together that have trials.
PooledCell pooled(CellResult const& first, Members const& members)
{
    PooledCell cell{.result = {.spec = first.spec, .experiment = first.experiment},
                    .trainings = std::ssize(members),
                    .success = spread_over(members, std::mem_fn(&CellStatistics::successes)),
                    .iterations_p75 = iterations_over(members),
                    .evaluations_mean = mean_evaluations(members),
                    .against_adam = comparison_over(members),
                    .hits_within = profile_over(members, &CellStatistics::hit_evaluations),
                    .goals_within = profile_over(members, &CellStatistics::goal_evaluations)};
    for (SummarisedCell const* member : members)
    {
        cell.trials += member->summary.statistics.trials;
        cell.complete &= member->summary.statistics.trials >= member->result.planned;
    }
    return cell;
}

}  // namespace

std::vector<PooledCell> pool(std::vector<SummarisedCell> const& cells)
{
    struct Group
    {
        CellResult const* first;
        Members members;
    };
    std::vector<Group> groups;
    std::map<CellPlace, std::size_t> group_of;
    for (SummarisedCell const& cell : cells)
    {
        CellPlace place = place_of(cell.result);
        place.training = 0;
        auto const [entry, is_new] = group_of.emplace(place, groups.size());
        if (is_new)
        {
            groups.push_back({&cell.result, {}});
        }
        if (cell.summary.statistics.trials > 0)
        {
            groups[entry->second].members.push_back(&cell);
        }
    }
    std::vector<PooledCell> all;
    for (Group const& group : groups)
    {
        all.push_back(pooled(*group.first, group.members));
    }
    return all;
}

}  // namespace surf::reduce
