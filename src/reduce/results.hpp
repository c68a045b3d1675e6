#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "trial/outcome.hpp"
#include "trial/spec.hpp"

namespace surf::reduce
{

/// One cell with the outcomes that are stored of it.
struct CellResult
{
    trial::CellSpec spec;
    std::int64_t planned = 0;  ///< trials that the job asks for; fewer outcomes: incomplete
    std::int64_t budget = 0;   ///< Σ n_t before the final network; 0 for Method::adam
    std::vector<trial::TrialOutcome> outcomes;
};

/// All that goes into a results file.
struct ResultsInput
{
    /// In any order, no two with the same task, model, latent_dim, measurements and method.
    std::vector<CellResult> cells;
    std::map<std::string, std::string> provenance;  ///< versions, revision, ranks, hosts, seeds, …
    std::string job;                                ///< text of the job file
};

/// Publishes the results file, which h5py, netCDF4 and xarray open as it is.
///
/// /summary: statistics over (task, model, latent_dim, measurements, method), missing value where
/// the sweep has no such cell; /trials: every outcome as columns, sorted by cell and trial;
/// /provenance: attributes, with the job text as `job`. Equal input gives equal bytes.
void write_results(std::filesystem::path const& path, ResultsInput input);

}  // namespace surf::reduce
