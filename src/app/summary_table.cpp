#include "app/summary_table.hpp"

#include <fmt/format.h>

#include <cmath>

#include "app/text_table.hpp"
#include "base/name_table.hpp"
#include "reduce/statistics.hpp"

namespace surf::app
{
namespace
{

std::string whole_number(double value)
{
    return std::isfinite(value) ? fmt::format("{:.0f}", value) : "-";
}

std::string success_percent(reduce::CellStatistics const& cell)
{
    if (cell.trials == 0)
    {
        return "-";
    }
    auto const [low, high] = cell.success_interval();
    return fmt::format("{:.1f} ({:.1f} to {:.1f})", 100 * cell.success_rate(), 100 * low,
                       100 * high);
}

}  // namespace

std::string summary_table(std::vector<reduce::CellResult> const& cells)
{
    TextTable table({"model", "k", "task", "m", "method", "trials", "success %", "first hit p75",
                     "steps mean"});
    for (reduce::CellResult const& cell : cells)
    {
        reduce::CellStatistics statistics;
        statistics.add(cell.outcomes);
        trial::Problem const& problem = cell.spec.problem;
        table.add({std::string(name_of(model::model_table, problem.model)),
                   fmt::format("{}", problem.latent_dim),
                   std::string(name_of(trial::task_table, problem.task)),
                   fmt::format("{}", problem.measurements),
                   std::string(name_of(trial::method_table, cell.spec.method)),
                   statistics.trials == cell.planned
                       ? fmt::format("{}", cell.planned)
                       : fmt::format("{}/{}", statistics.trials, cell.planned),
                   success_percent(statistics), whole_number(statistics.iterations_p75()),
                   whole_number(statistics.finite_iterations.mean())});
    }
    return table.text();
}

}  // namespace surf::app
