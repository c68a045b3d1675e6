#pragma once

#include <string>
#include <vector>

#include "app/terminal.hpp"
#include "reduce/results.hpp"

namespace surf::app
{

/// For each cell, in their order: trials, success rate with its 95 % interval (Wilson), 75th
/// percentile of the Adam steps to the first hit over successful trials with its 95 % interval
/// (bootstrap), mean of all Adam steps of a trial, and in how many trials it alone (+) or adam
/// alone (−) succeeded, with the p-value of McNemar's test.
///
/// For a task without x*: median and quartiles of the pixel error instead of the success rate, and
/// in how many trials it was smaller (+) or larger (−) than adam's. The experiment is named where
/// there is more than one. Cells without trials are counted below the table.
std::string summary_table(std::vector<reduce::SummarisedCell> const& cells,
                          std::size_t width = any_width);

}  // namespace surf::app
