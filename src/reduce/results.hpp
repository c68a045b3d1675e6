#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/not_a_number.hpp"
#include "hdf5/file.hpp"
#include "reduce/cell_summary.hpp"
#include "store/segment.hpp"

namespace surf::reduce
{

/// What a results file is stamped with, and what its readers ask for.
inline constexpr h5::FileType results_type{.name = "surf_sweep/results", .major = 5};

/// A named experiment of the job: a set of cells that are reported together.
struct ExperimentSettings
{
    std::string name;                             ///< not empty, without blanks and slashes
    std::map<std::string, std::string> settings;  ///< its keys of the job file with their values
};

/// A stored block.
struct BlockRecord
{
    BlockId id;
    CellId cell;
    std::int64_t first = 0;   ///< number of its first trial
    std::int64_t trials = 0;  ///< how many it holds
    store::BlockRun run;
};

/// A chain that is there, and the quality of what it makes at its end; NaN where none is known.
struct ChainRecord
{
    ChainId id;
    std::string model;
    std::int64_t latent_dim = 0;
    std::int64_t training = 0;
    std::int64_t snapshots = 0;
    double pixel_frechet_distance = not_a_number;
    double diversity = not_a_number;
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
    std::vector<BlockRecord> blocks = {};  ///< of the cells
    std::vector<ChainRecord> chains = {};
};

/// Publishes the results file, which h5py, netCDF4 and xarray open as it is.
///
/// /cells: a row a cell, with every statistic that is a number; /trials: a row a trial, sorted by
/// cell and number, those of a cell of two experiments under both; /latents: their x*, x_init and
/// x̂; /summary: statistics and curves over (experiment, task, model, latent_dim, training,
/// measurements, method), missing values where there is no such cell; /pooled: those of several
/// trainings together, without the dimension training; /blocks and /chains: how they came about;
/// /experiments: a group with the settings of each; /provenance: attributes, with the job text as
/// `job`. Equal input gives equal bytes. Gives the cells back, in the order of the file.
std::vector<SummarisedCell> write_results(std::filesystem::path const& path, ResultsInput input);

}  // namespace surf::reduce
