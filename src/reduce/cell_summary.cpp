#include "reduce/cell_summary.hpp"

#include <map>
#include <tuple>
#include <utility>

#include "base/not_a_number.hpp"

namespace surf::reduce
{

namespace
{

/// What cells have in common whose trials are paired by their number.
auto pairing_of(CellResult const& cell)
{
    Problem const& problem = cell.spec.problem;
    return std::tuple(cell.experiment, cell.spec.chain, problem.seed, problem.task,
                      problem.measured_by, cell.spec.measurements(), problem.draw, problem.noise,
                      problem.target_scale);
}

HitIntervals hit_intervals(CellResult const& cell, CellStatistics const& statistics)
{
    Problem const& problem = cell.spec.problem;
    if (!has_latent(problem.task))
    {
        return {{not_a_number, not_a_number}, {not_a_number, not_a_number}};
    }
    return bootstrap_hits(statistics,
                          RandomStream(problem.seed, cell.spec.id().hex(), Purpose::bootstrap, 0));
}

}  // namespace

CellPlace place_of(CellResult const& cell)
{
    CellSpec const& spec = cell.spec;
    return {cell.experiment, spec.problem.task,   spec.generator.label, spec.generator.latent_dim,
            cell.training,   spec.measurements(), spec.method};
}

std::vector<double> profile_evaluations()
{
    return log_edges(0, 7);
}

std::vector<SummarisedCell> summarise(std::vector<CellResult> cells)
{
    std::map<decltype(pairing_of(cells.front())), CellResult const*> adam_cells;
    for (CellResult const& cell : cells)
    {
        if (cell.spec.method == Method::adam)
        {
            adam_cells.emplace(pairing_of(cell), &cell);
        }
    }
    std::vector<CellSummary> summaries;
    for (CellResult const& cell : cells)
    {
        CellSummary summary;
        summary.statistics = CellStatistics(cell.outcomes);
        summary.hits = hit_intervals(cell, summary.statistics);
        auto const adam = adam_cells.find(pairing_of(cell));
        if (cell.spec.method != Method::adam && adam != adam_cells.end())
        {
            summary.against_adam = paired_statistics(cell.outcomes, adam->second->outcomes);
        }
        summaries.push_back(std::move(summary));
    }
    std::vector<SummarisedCell> summarised;
    for (std::size_t i = 0; i < cells.size(); ++i)
    {
        summarised.push_back({std::move(cells[i]), std::move(summaries[i])});
    }
    return summarised;
}

}  // namespace surf::reduce
