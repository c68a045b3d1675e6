#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/job/plan.hpp"
#include "app/stored.hpp"

namespace surf::app
{

/// OUTPUT/results.h5
std::filesystem::path results_path(std::filesystem::path const& output);

/// The job whose results OUTPUT/results.h5 holds; empty if there is none, or none that can be read.
std::optional<JobId> results_job(std::filesystem::path const& output);

/// Job id, versions, hosts and devices, when the first stored block began and the last ended (UTC),
/// seed, chains whose training came to nothing (a line each):
/// what the files and this program know. A run adds what only it knows.
std::map<std::string, std::string> provenance_of(Job const& job, Plan const& plan,
                                                 std::vector<StoredCell> const& cells);

/// Publishes OUTPUT/results.h5, and gives what it says of the cells of each experiment. One that is
/// there and of another job is renamed to results-<its job's id>.h5 first, with a warning; a
/// damaged one is set aside.
std::vector<reduce::SummarisedCell> publish_results(Job const& job, Plan const& plan,
                                                    std::vector<StoredCell> cells,
                                                    std::map<std::string, std::string> provenance);

/// The cells of each experiment, as the reducer wants them.
std::vector<reduce::CellResult> results_of(Plan const& plan, std::vector<StoredCell> cells);

}  // namespace surf::app
