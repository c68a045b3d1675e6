#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reduce/bootstrap.hpp"
#include "reduce/paired.hpp"
#include "reduce/statistics.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"

namespace surf::reduce
{

/// One cell with the outcomes that are stored of it.
struct CellResult
{
    CellSpec spec;
    std::int64_t planned = 0;  ///< trials that the job asks for; fewer outcomes: incomplete
    std::int64_t budget = 0;   ///< BlockSpec::budget of its blocks; 0 for Method::adam
    std::vector<TrialOutcome> outcomes;
    /// Name of the experiment that reports the cell; one that belongs to two is given twice.
    std::string experiment = {};
};

/// What is reported of a cell.
struct CellSummary
{
    CellStatistics statistics;
    /// Steps to the first hit; NaN for a task without x*.
    HitIntervals hits;
    /// Empty for Method::adam, and if no adam cell has this experiment and problem.
    std::optional<PairedStatistics> against_adam;
};

/// A cell and what its trials say.
struct SummarisedCell
{
    CellResult result;
    CellSummary summary;
};

/// The cells with their summaries, in their order. The bootstrap's streams are keyed by the cells'
/// ids, so that a cell has the same intervals in every experiment.
std::vector<SummarisedCell> summarise(std::vector<CellResult> cells);

}  // namespace surf::reduce
