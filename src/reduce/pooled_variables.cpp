#include <algorithm>
#include <iterator>

#include "reduce/profile_variables.hpp"
#include "reduce/summary.hpp"

namespace surf::reduce
{

namespace
{

using PooledVariables = CellVariables<PooledCell>;

/// A variable of numbers; missing where a cell has no value.
template <class Value>
void add_number(PooledVariables& variables, std::string const& name, std::string const& long_name,
                Value value_of)
{
    variables.add<double>(name, long_name, value_of);
}

/// What several trainings say of a statistic: its mean, named `name`, and the two intervals.
template <class Spread>
void add_spread(PooledVariables& variables, std::string const& name, std::string const& prefix,
                std::string const& mean_meaning, Spread spread_of)
{
    auto const add = [&](std::string const& full_name, std::string const& what, auto part_of) {
        add_number(variables, full_name, what, [&](PooledCell const& cell) {
            TrainingSpread const* const spread = spread_of(cell);
            return spread == nullptr ? missing<double> : part_of(*spread);
        });
    };
    using S = TrainingSpread;
    add(name, mean_meaning, [](S const& s) { return s.mean; });
    add(prefix + "_low", "lower end of the 95 % interval of the mean " + name + " of trainings",
        [](S const& s) { return s.interval.low; });
    add(prefix + "_high", "upper end of the 95 % interval of the mean " + name + " of trainings",
        [](S const& s) { return s.interval.high; });
    add(prefix + "_next_low", "lower end of the 95 % prediction interval of one more training",
        [](S const& s) { return s.next.low; });
    add(prefix + "_next_high", "upper end of the 95 % prediction interval of one more training",
        [](S const& s) { return s.next.high; });
}

void add_counts(PooledVariables& variables)
{
    variables.add<std::int64_t>("trainings", "trainings of the generator",
                                [](PooledCell const& cell) { return cell.trainings; });
    variables.add<std::int64_t>("trials", "trials of all trainings",
                                [](PooledCell const& cell) { return cell.trials; });
    h5::Dataset complete = variables.add<std::int8_t>(
        "complete", "whether all trials planned are done, of the trainings that have any",
        [](PooledCell const& cell) { return cell.complete; });
    store::describe_yes_no(complete);
}

void add_successes(PooledVariables& variables)
{
    auto const success_of = [](PooledCell const& cell) {
        return cell.has_latent() ? &cell.success : nullptr;
    };
    add_spread(variables, "success_rate", "success", "mean of the trainings' success rates",
               success_of);
    add_number(variables, "success_between",
               "standard deviation of success_rate between trainings, without what the finite "
               "number of trials adds",
               [&](PooledCell const& cell) {
                   return cell.has_latent() ? cell.success.between : missing<double>;
               });
    add_number(
        variables, "success_within",
        "standard deviation that the finite number of trials gives a training's success_rate",
        [&](PooledCell const& cell) {
            return cell.has_latent() ? cell.success.within : missing<double>;
        });
    add_spread(
        variables, "iterations_p75", "iterations_p75",
        "geometric mean of the trainings' 75th percentiles of first_hit",
        [](PooledCell const& cell) { return cell.has_latent() ? &cell.iterations_p75 : nullptr; });
    add_number(variables, "network_evaluations_mean",
               "mean of the trainings' mean network evaluations",
               [](PooledCell const& cell) { return cell.evaluations_mean; });
}

void add_comparison(PooledVariables& variables)
{
    auto const comparison_of = [](PooledCell const& cell) {
        return cell.has_latent() && cell.against_adam ? &*cell.against_adam : nullptr;
    };
    auto const add_pairs = [&](std::string const& name, std::string const& long_name,
                               std::int64_t PairedStatistics::*count) {
        variables.add<std::int64_t>(name, long_name, [&](PooledCell const& cell) {
            PooledComparison const* const comparison = comparison_of(cell);
            return comparison == nullptr ? missing<std::int64_t> : comparison->pairs.*count;
        });
    };
    add_pairs("pairs_method_only", "pairs in which only the method's trial succeeded",
              &PairedStatistics::method_only);
    add_pairs("pairs_adam_only", "pairs in which only adam's trial succeeded",
              &PairedStatistics::adam_only);
    add_number(variables, "mcnemar_p",
               "exact two-sided McNemar p-value against adam, stratified by training",
               [&](PooledCell const& cell) {
                   PooledComparison const* const comparison = comparison_of(cell);
                   return comparison == nullptr ? missing<double> : comparison->pairs.mcnemar_p();
               });
    add_spread(variables, "difference", "difference",
               "mean over trainings of the success rate minus adam's", [&](PooledCell const& cell) {
                   PooledComparison const* const comparison = comparison_of(cell);
                   return comparison == nullptr ? nullptr : &comparison->difference;
               });
}

std::vector<ProfilePoint> points_of(std::vector<TrainingSpread> const& profile)
{
    std::vector<ProfilePoint> points;
    std::ranges::transform(profile, std::back_inserter(points), [](TrainingSpread const& spread) {
        return ProfilePoint{spread.mean, spread.interval};
    });
    return points;
}

}  // namespace

void write_pooled(h5::Group group, std::vector<PooledCell> const& cells,
                  std::vector<ExperimentSettings> const& experiments)
{
    PooledVariables variables(std::move(group), cells, experiments, Trainings::together);
    add_counts(variables);
    add_successes(variables);
    add_comparison(variables);
    h5::Dataset const evaluations = add_profile_evaluations(variables);
    add_hits(variables, evaluations,
             [](PooledCell const& cell) { return points_of(cell.hits_within); });
    add_goals(variables, evaluations,
              [](PooledCell const& cell) { return points_of(cell.goals_within); });
}

}  // namespace surf::reduce
