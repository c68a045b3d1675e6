#include "app/summary_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/text_table.hpp"
#include "base/name_table.hpp"
#include "reduce/cell_summary.hpp"
#include "reduce/pooled.hpp"

namespace surf::app
{
namespace
{

constexpr char const* nothing = "-";

std::string whole_number(double value)
{
    return std::isfinite(value) ? fmt::format("{:.0f}", value) : nothing;
}

bool has_latent(reduce::CellResult const& cell)
{
    return has_latent(cell.spec.problem.task);
}

std::string measured_by(Problem const& problem)
{
    std::string const name(name_of(operator_table, problem.measured_by));
    return problem.measured_by == Operator::identity
               ? name
               : fmt::format("{} {}", name, problem.measurements);
}

std::string success_percent(reduce::CellStatistics const& cell)
{
    if (cell.trials == 0)
    {
        return nothing;
    }
    auto const [low, high] = cell.success_interval();
    return fmt::format("{:.1f} ({:.1f}-{:.1f})", 100 * cell.success_rate(), 100 * low, 100 * high);
}

std::string pixel_error(reduce::Distribution const& errors)
{
    if (errors.count() == 0)
    {
        return nothing;
    }
    return fmt::format("{:.3f} ({:.3f}-{:.3f})", errors.quantile(0.5), errors.quantile(0.25),
                       errors.quantile(0.75));
}

std::string first_hit(reduce::CellSummary const& cell)
{
    if (cell.statistics.successes == 0)
    {
        return nothing;
    }
    auto const [low, high] = cell.hits.iterations_p75;
    return fmt::format("{:.0f} ({:.0f}-{:.0f})", cell.statistics.iterations_p75(), low, high);
}

std::string comparison(reduce::PairedStatistics const& pairs, Task task)
{
    if (pairs.pairs() == 0)
    {
        return nothing;
    }
    return has_latent(task) ? fmt::format("+{}/-{} p={:.2g}", pairs.method_only, pairs.adam_only,
                                          pairs.mcnemar_p())
                            : fmt::format("+{}/-{} p={:.2g}", pairs.pixel_error_smaller,
                                          pairs.pixel_error_larger, pairs.pixel_error_p());
}

std::string outcome_header(std::vector<reduce::SummarisedCell> const& cells)
{
    if (std::ranges::all_of(cells, has_latent, &reduce::SummarisedCell::result))
    {
        return "success % (CI)";
    }
    return std::ranges::none_of(cells, has_latent, &reduce::SummarisedCell::result)
               ? "median error (IQR)"
               : "success % | error";
}

/// Columns that are shown only where they say something.
struct Shown
{
    bool experiments = false;
    bool trainings = false;

    explicit Shown(std::vector<reduce::SummarisedCell> const& cells)
    {
        for (auto const& [cell, summary] : cells)
        {
            experiments |= cell.experiment != cells.front().result.experiment;
            trainings |= cell.training != cells.front().result.training;
        }
    }

    /// Of these columns that are shown.
    std::size_t count() const { return (experiments ? 1 : 0) + (trainings ? 1 : 0); }

    /// A row with the columns before it that are shown.
    std::vector<std::string> complete(std::string const& experiment, std::string const& training,
                                      std::vector<std::string> row) const
    {
        if (trainings)
        {
            row.insert(row.begin() + 2, training);  // behind model and k
        }
        if (experiments)
        {
            row.insert(row.begin(), experiment);
        }
        return row;
    }
};

std::vector<std::string> row_of(reduce::CellResult const& cell, reduce::CellSummary const& summary)
{
    reduce::CellStatistics const& statistics = summary.statistics;
    Problem const& problem = cell.spec.problem;
    auto const& pairs = summary.against_adam;
    return {
        cell.spec.generator.label,
        fmt::format("{}", cell.spec.generator.latent_dim),
        std::string(name_of(task_table, problem.task)),
        measured_by(problem),
        std::string(name_of(method_table, cell.spec.method)),
        statistics.trials == cell.planned ? fmt::format("{}", cell.planned)
                                          : fmt::format("{}/{}", statistics.trials, cell.planned),
        has_latent(cell) ? success_percent(statistics) : pixel_error(statistics.pixel_errors),
        first_hit(summary),
        whole_number(statistics.iterations.mean()),
        whole_number(statistics.evaluations.mean()),
        pairs ? comparison(*pairs, problem.task) : nothing,
    };
}

std::string percent(double mean, reduce::Interval const& interval)
{
    return std::isnan(interval.low) ? fmt::format("{:.1f}", 100 * mean)
                                    : fmt::format("{:.1f} ({:.1f}-{:.1f})", 100 * mean,
                                                  100 * interval.low, 100 * interval.high);
}

std::string range_text(reduce::Interval const& interval, double factor, int digits)
{
    return std::isnan(interval.low) ? nothing
                                    : fmt::format("{:.{}f}-{:.{}f}", factor * interval.low, digits,
                                                  factor * interval.high, digits);
}

/// What trainings say together, of the cells that have several.
std::string pooled_table(std::vector<reduce::PooledCell> const& cells, Shown const& shown,
                         std::size_t width)
{
    constexpr std::size_t names = 5;  // model, k, task, operator, method
    TextTable table(shown.complete("experiment", "trainings",
                                   {"model", "k", "task", "operator m", "method", "success % (CI)",
                                    "next", "sd between/within", "hit p75 (next)", "vs adam"}),
                    names + shown.count());
    bool any = false;
    for (reduce::PooledCell const& cell : cells)
    {
        if (cell.trainings < 2 || !cell.has_latent())
        {
            continue;
        }
        any = true;
        CellSpec const& spec = cell.result.spec;
        auto const& adam = cell.against_adam;
        table.add(shown.complete(
            cell.result.experiment, fmt::format("{}", cell.trainings),
            {spec.generator.label, fmt::format("{}", spec.generator.latent_dim),
             std::string(name_of(task_table, spec.problem.task)), measured_by(spec.problem),
             std::string(name_of(method_table, spec.method)),
             percent(cell.success.mean, cell.success.interval),
             range_text(cell.success.next, 100, 1),
             fmt::format("{:.1f}/{:.1f}", 100 * cell.success.between, 100 * cell.success.within),
             fmt::format("{} ({})", whole_number(cell.iterations_p75.mean),
                         range_text(cell.iterations_p75.next, 1, 0)),
             adam ? comparison(adam->pairs, spec.problem.task) : nothing}));
    }
    return any ? "\nOver trainings (95 % intervals for their mean; next: for one more "
                 "training):\n" +
                     table.text(width)
               : "";
}

}  // namespace

std::string summary_table(std::vector<reduce::SummarisedCell> const& cells, std::size_t width)
{
    Shown const shown(cells);
    constexpr std::size_t names = 6;  // model, k, task, operator, method, trials
    TextTable table(shown.complete("experiment", "training",
                                   {"model", "k", "task", "operator m", "method", "trials",
                                    outcome_header(cells), "first hit p75 (CI)", "steps mean",
                                    "evaluations mean", "vs adam"}),
                    names + shown.count());
    std::size_t without = 0;
    for (auto const& [result, summary] : cells)
    {
        if (summary.statistics.trials == 0)
        {
            ++without;
            continue;
        }
        table.add(shown.complete(result.experiment, fmt::format("{}", result.training),
                                 row_of(result, summary)));
    }
    std::string const rest =
        without == 0 ? ""
                     : fmt::format("{} of {} cells have no trials yet\n", without, cells.size());
    return table.text(width) + rest + pooled_table(reduce::pool(cells), shown, width);
}

}  // namespace surf::app
