#pragma once

#include <string>
#include <vector>

#include "reduce/results.hpp"

namespace surf::app
{

/// For each cell: trials, success rate with its 95 % interval (Wilson), 75th percentile of the Adam
/// steps to the first hit, over successful trials, and mean of all Adam steps of a trial.
std::string summary_table(std::vector<reduce::CellResult> const& cells);

}  // namespace surf::app
