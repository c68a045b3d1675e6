#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "landscape/theory.hpp"

namespace surf::landscape
{

/// Publishes a theory file ("surf_sweep/theory"), which h5py, netCDF4 and xarray open as it is.
///
/// Over (expansion, measurements, target_norm, search, radius): the share of points with a negative
/// derivative, and the share of networks all of whose points have one from this radius on, each
/// with a 95 % Wilson interval. Networks are independent; points of one network are not, and their
/// interval, made as if they were, is too narrow. And the ball's radius for each network.
/// `provenance` is kept as attributes of /provenance. Equal input gives equal bytes.
void write_theory(std::filesystem::path const& path, Theory const& theory,
                  std::map<std::string, std::string> const& provenance = {});

}  // namespace surf::landscape
