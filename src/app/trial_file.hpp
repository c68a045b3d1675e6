#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "spec/cell.hpp"
#include "trial/trace.hpp"

namespace surf::app
{

/// Publishes a trial file ("surf_sweep/trial"): the images, latents and outcome of one trial and
/// the path of its search, which h5py, netCDF4 and xarray open as it is. `provenance` is kept as
/// attributes of /provenance. Throws EnvironmentError.
void write_trial(std::filesystem::path const& path, BlockSpec const& block,
                 trial::TrialTrace const& trace,
                 std::map<std::string, std::string> const& provenance);

}  // namespace surf::app
