#include "reduce/statistics_variables.hpp"

#include <functional>

namespace surf::reduce
{

namespace
{

void add_counts(SummaryVariables& variables)
{
    auto const add = [&](std::string const& name, std::string const& long_name, auto value_of) {
        variables.add<std::int64_t>(name, long_name, value_of);
    };
    add("trials_planned", "trials that the job asks for",
        [](SummarisedCell const& cell) { return cell.result.planned; });
    add("trials", "trials done",
        [](SummarisedCell const& cell) { return cell.summary.statistics.trials; });
    h5::Dataset complete = variables.add<std::int8_t>(
        "complete", "whether all trials planned are done", [](SummarisedCell const& cell) {
            return cell.summary.statistics.trials >= cell.result.planned;
        });
    store::describe_yes_no(complete);
    add("successes", "trials that ended within the success distance",
        [](SummarisedCell const& cell) {
            return cell.has_latent() ? cell.summary.statistics.successes : missing<std::int64_t>;
        });
    auto const add_budget = [&](std::string const& name, std::string const& long_name,
                                SettingGroup group, std::int64_t Budget::*part) {
        add(name, long_name, [=](SummarisedCell const& cell) {
            return heeds(cell.result.spec.method, group) ? cell.result.budget.*part
                                                         : missing<std::int64_t>;
        });
    };
    add_budget("budget_steps",
               "Adam steps on snapshots 0 ... T - 1, granted by the adam cell's trials",
               SettingGroup::surfing, &Budget::steps);
    add_budget("budget_evaluations", "network evaluations granted to all starts of a trial",
               SettingGroup::restarts, &Budget::evaluations);
}

/// What there is only to say of tasks with an x*.
void add_successes(SummaryVariables& variables)
{
    auto const add = [&](std::string const& name, std::string const& long_name, auto value_of) {
        variables.add<double>(name, long_name, [&](SummarisedCell const& cell) {
            return cell.has_latent() ? value_of(cell.summary) : missing<double>;
        });
    };
    using Summary = CellSummary;
    add("success_rate", "share of trials that succeeded",
        [](Summary const& s) { return s.statistics.success_rate(); });
    add("success_low", "lower end of the 95 % Wilson interval of success_rate",
        [](Summary const& s) { return s.statistics.success_interval().low; });
    add("success_high", "upper end of the 95 % Wilson interval of success_rate",
        [](Summary const& s) { return s.statistics.success_interval().high; });
    add("iterations_p75", "75th percentile of first_hit over successful trials",
        [](Summary const& s) { return s.statistics.iterations_p75(); });
    add("iterations_p75_low", "lower end of the 95 % bootstrap interval of iterations_p75",
        [](Summary const& s) { return s.hits.iterations_p75.low; });
    add("iterations_p75_high", "upper end of the 95 % bootstrap interval of iterations_p75",
        [](Summary const& s) { return s.hits.iterations_p75.high; });
    add("iterations_p75_censored", "75th percentile of first_hit with failures as infinity",
        [](Summary const& s) { return s.statistics.censored_iterations_p75(); });
    add("iterations_p75_censored_low",
        "lower end of the 95 % bootstrap interval of iterations_p75_censored",
        [](Summary const& s) { return s.hits.censored_iterations_p75.low; });
    add("iterations_p75_censored_high",
        "upper end of the 95 % bootstrap interval of iterations_p75_censored",
        [](Summary const& s) { return s.hits.censored_iterations_p75.high; });
}

void add_iterations(SummaryVariables& variables)
{
    variables.add<double>("total_iterations_p75", "75th percentile of steps over all trials",
                          [](SummarisedCell const& cell) {
                              return cell.summary.statistics.iterations.quantile(0.75);
                          });
    variables.add<double>(
        "total_iterations_mean", "mean steps over all trials",
        [](SummarisedCell const& cell) { return cell.summary.statistics.iterations.mean(); });
    variables.add<double>("network_evaluations_p75",
                          "75th percentile of network evaluations over all trials",
                          [](SummarisedCell const& cell) {
                              return cell.summary.statistics.evaluations.quantile(0.75);
                          });
    variables.add<double>(
        "network_evaluations_mean", "mean network evaluations over all trials",
        [](SummarisedCell const& cell) { return cell.summary.statistics.evaluations.mean(); });
}

/// The cells' pairs of trials with those of their adam cells.
void add_comparison(SummaryVariables& variables)
{
    enum class Says
    {
        always,
        with_latent,
    };
    auto const add_count = [&](std::string const& name, std::string const& long_name, Says says,
                               auto count_of) {
        variables.add<std::int64_t>(name, long_name, [&](SummarisedCell const& cell) {
            auto const& pairs = cell.summary.against_adam;
            return pairs && (says == Says::always || cell.has_latent())
                       ? std::invoke(count_of, *pairs)
                       : missing<std::int64_t>;
        });
    };
    using Pairs = PairedStatistics;
    add_count("pairs", "trials that the method shares with adam", Says::always, &Pairs::pairs);
    add_count("pairs_both", "pairs in which both trials succeeded", Says::with_latent,
              &Pairs::both);
    add_count("pairs_method_only", "pairs in which only the method's trial succeeded",
              Says::with_latent, &Pairs::method_only);
    add_count("pairs_adam_only", "pairs in which only adam's trial succeeded", Says::with_latent,
              &Pairs::adam_only);
    add_count("pairs_neither", "pairs in which neither trial succeeded", Says::with_latent,
              &Pairs::neither);
    variables.add<double>("mcnemar_p", "exact two-sided McNemar p-value against adam",
                          [](SummarisedCell const& cell) {
                              auto const& pairs = cell.summary.against_adam;
                              return pairs && cell.has_latent() ? pairs->mcnemar_p()
                                                                : missing<double>;
                          });
    add_count("pairs_pixel_error_smaller", "pairs in which the method's pixel error is smaller",
              Says::always, &Pairs::pixel_error_smaller);
    add_count("pairs_pixel_error_larger", "pairs in which the method's pixel error is larger",
              Says::always, &Pairs::pixel_error_larger);
    variables.add<double>("pixel_error_p", "exact two-sided sign test of the pixel errors",
                          [](SummarisedCell const& cell) {
                              auto const& pairs = cell.summary.against_adam;
                              return pairs ? pairs->pixel_error_p() : missing<double>;
                          });
}

}  // namespace

Distribution const* ReportedDistribution::of(SummarisedCell const& cell) const
{
    bool const has = !needs_latent || cell.has_latent();
    return has ? &(cell.summary.statistics.*samples) : nullptr;
}

std::vector<ReportedDistribution> distributions()
{
    return {{"distance", "distance to the true latent", &CellStatistics::distances, -4, 2, true},
            {"pixel_error", "root mean square error of the pixels", &CellStatistics::pixel_errors,
             -4, 0, false}};
}

void add_statistics(SummaryVariables& variables)
{
    add_counts(variables);
    add_successes(variables);
    add_iterations(variables);
    add_comparison(variables);
}

}  // namespace surf::reduce
