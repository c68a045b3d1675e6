#pragma once

#include <vector>

#include "hdf5/group.hpp"
#include "reduce/pooled.hpp"
#include "reduce/results.hpp"

/// For the sources of this folder only.
namespace surf::reduce
{

/// Writes the statistics of the cells over (experiment, task, model, latent_dim, training,
/// measurements, method): all experiments, the other coordinates that occur, missing values where
/// there is no such cell.
void write_summary(h5::Group group, std::vector<SummarisedCell> const& cells,
                   std::vector<ExperimentSettings> const& experiments);

/// Writes what trainings say together, over the same dimensions but training.
void write_pooled(h5::Group group, std::vector<PooledCell> const& cells,
                  std::vector<ExperimentSettings> const& experiments);

}  // namespace surf::reduce
