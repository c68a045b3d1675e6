#pragma once

#include <string>
#include <vector>

#include "reduce/cell_variables.hpp"
#include "reduce/statistics.hpp"

/// For the sources of this folder only.
namespace surf::reduce
{

/// How quantiles and a histogram of some samples are called and cut.
struct ReportedDistribution
{
    std::string name;
    std::string meaning;
    Distribution CellStatistics::*samples;
    int first_decade;
    int last_decade;
    bool needs_latent;

    /// Null for a cell of which there is nothing to say.
    Distribution const* of(SummarisedCell const& cell) const;
};

std::vector<ReportedDistribution> distributions();

using SummaryVariables = CellVariables<SummarisedCell>;

/// Adds the statistics that are one number a cell: counts, successes, steps, pairs with adam's.
void add_statistics(SummaryVariables& variables);

}  // namespace surf::reduce
