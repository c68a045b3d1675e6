#pragma once

#include "hdf5/group.hpp"
#include "reduce/results.hpp"

/// The tables of a results file, each with one dimension. For the sources of this folder only.
namespace surf::reduce
{

/// Writes a row a cell, with all statistics that are one number; the curves are in the summary.
void write_cells(h5::Group group, ResultsInput const& input);
/// Writes a row a trial.
void write_trials(h5::Group group, ResultsInput const& input);
/// Writes what trials begin with, find and should find, over the trials' rows.
void write_latents(h5::Group group, ResultsInput const& input);
/// Writes a row a stored block.
void write_blocks(h5::Group group, ResultsInput const& input);
/// Writes a row a chain.
void write_chains(h5::Group group, ResultsInput const& input);

}  // namespace surf::reduce
