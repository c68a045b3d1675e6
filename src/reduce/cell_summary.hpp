#pragma once

#include <optional>
#include <vector>

#include "reduce/bootstrap.hpp"
#include "reduce/paired.hpp"
#include "reduce/results.hpp"
#include "reduce/statistics.hpp"

namespace surf::reduce
{

/// What is reported of a cell.
struct CellSummary
{
    CellStatistics statistics;
    /// Steps to the first hit; NaN for a task without x*.
    HitIntervals hits;
    /// Empty for Method::adam, and if no adam cell has this experiment and problem.
    std::optional<PairedStatistics> against_adam;
};

/// A summary for each cell, in their order. The bootstrap's streams are keyed by the cells' ids, so
/// that a cell has the same intervals in every experiment.
std::vector<CellSummary> summarise(std::vector<CellResult> const& cells);

}  // namespace surf::reduce
