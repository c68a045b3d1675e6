#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "hdf5/file.hpp"
#include "reduce/cell_summary.hpp"

namespace surf::reduce
{

/// What a results file is stamped with, and what its readers ask for.
inline constexpr h5::FileType results_type{.name = "surf_sweep/results", .major = 4};

/// A named experiment of the job: a set of cells that are reported together.
struct ExperimentSettings
{
    std::string name;                             ///< not empty, without blanks and slashes
    std::map<std::string, std::string> settings;  ///< its keys of the job file with their values
};

/// All that goes into a results file.
struct ResultsInput
{
    /// In any order, no two with the same place.
    std::vector<SummarisedCell> cells;
    std::map<std::string, std::string> provenance;  ///< versions, revision, ranks, hosts, seeds, …
    std::string job;                                ///< text of the job file
    /// In the order in which they are reported, no two of one name; all that cells name.
    std::vector<ExperimentSettings> experiments = {};
};

/// Publishes the results file, which h5py, netCDF4 and xarray open as it is.
///
/// /summary: statistics over (experiment, task, model, latent_dim, training, measurements, method),
/// missing value where there is no such cell; /pooled: those of several trainings together, without
/// the dimension training; /trials: every outcome as columns, sorted by cell and trial,
/// those of a cell of two experiments under both; /experiments: a group with the settings of each;
/// /provenance: attributes, with the job text as `job`. Equal input gives equal bytes.
void write_results(std::filesystem::path const& path, ResultsInput input);

}  // namespace surf::reduce
