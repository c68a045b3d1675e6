#include "reduce/summary.hpp"

#include <limits>

#include "reduce/profile_variables.hpp"
#include "reduce/statistics_variables.hpp"

namespace surf::reduce
{

namespace
{

void add_operator(SummaryVariables& variables)
{
    h5::Dataset measured_by = variables.add<std::int8_t>(
        "operator_code", "what is seen of an image",
        [](SummarisedCell const& cell) { return cell.result.spec.problem.measured_by; });
    store::describe_flags(measured_by, operator_table);
}

void add_stop_reasons(SummaryVariables& variables)
{
    auto const reasons =
        variables.add_coordinate<std::string>("stop_reason", "why a trial ended", [] {
            std::vector<std::string> names;
            for (StopReasonEntry const& entry : stop_reason_table)
            {
                names.emplace_back(entry.name);
            }
            return names;
        }());
    variables.add_over<std::int64_t>("trials_by_stop_reason", "trials that ended for this reason",
                                     &reasons, [](SummarisedCell const& cell) {
                                         auto const& stopped = cell.summary.statistics.stopped;
                                         return std::vector<std::int64_t>(stopped.begin(),
                                                                          stopped.end());
                                     });
}

void add_quantiles(SummaryVariables& variables)
{
    auto const quantiles = variables.add_coordinate<double>(
        "quantile", "share of trials below",
        std::vector<double>(reported_quantiles.begin(), reported_quantiles.end()));
    for (ReportedDistribution const& distribution : distributions())
    {
        variables.add_over<double>(distribution.name + "_quantile",
                                   "quantiles of the " + distribution.meaning, &quantiles,
                                   [&](SummarisedCell const& cell) {
                                       std::vector<double> row;
                                       if (Distribution const* samples = distribution.of(cell))
                                       {
                                           for (double const q : reported_quantiles)
                                           {
                                               row.push_back(samples->quantile(q));
                                           }
                                       }
                                       return row;
                                   });
    }
}

void add_histograms(SummaryVariables& variables)
{
    for (ReportedDistribution const& distribution : distributions())
    {
        auto const edges = log_edges(distribution.first_decade, distribution.last_decade);
        std::vector<double> left = edges;
        left.insert(left.begin(), 0);
        std::vector<double> right = edges;
        right.push_back(std::numeric_limits<double>::infinity());
        std::string const bin = distribution.name + "_bin";
        auto const bins =
            variables.add_coordinate<double>(bin, "left edge of a bin, which belongs to it", left);
        variables.add_along(bins, bin + "_right", "right edge of a bin, which does not", right);
        h5::Dataset histogram = variables.add_over<std::int64_t>(
            distribution.name + "_histogram", "trials by the " + distribution.meaning, &bins,
            [&](SummarisedCell const& cell) {
                Distribution const* samples = distribution.of(cell);
                return samples != nullptr ? samples->histogram(edges) : std::vector<std::int64_t>();
            });
        histogram.set_attribute("coordinates", bin + "_right");
    }
}

void add_profiles(SummaryVariables& variables)
{
    h5::Dataset const evaluations = add_profile_evaluations(variables);
    auto const profile = [](CellStatistics const& statistics,
                            Distribution CellStatistics::*samples) {
        std::vector<ProfilePoint> points;
        for (double const limit : profile_evaluations())
        {
            std::int64_t const solved = (statistics.*samples).at_most(limit);
            points.push_back({static_cast<double>(solved) / static_cast<double>(statistics.trials),
                              wilson_interval(solved, statistics.trials)});
        }
        return points;
    };
    add_hits(variables, evaluations, [&](SummarisedCell const& cell) {
        return profile(cell.summary.statistics, &CellStatistics::hit_evaluations);
    });
    add_goals(variables, evaluations, [&](SummarisedCell const& cell) {
        return profile(cell.summary.statistics, &CellStatistics::goal_evaluations);
    });
}

}  // namespace

void write_summary(h5::Group group, std::vector<SummarisedCell> const& cells,
                   std::vector<ExperimentSettings> const& experiments)
{
    SummaryVariables variables(std::move(group), cells, experiments, Trainings::apart);
    add_operator(variables);
    add_statistics(variables);
    add_stop_reasons(variables);
    add_quantiles(variables);
    add_histograms(variables);
    add_profiles(variables);
}

}  // namespace surf::reduce
