#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "landscape/surfaces.hpp"

namespace surf::landscape
{

/// Publishes a surface file ("surf_sweep/surface"), which h5py, netCDF4 and xarray open as it is.
///
/// /value over (model, target, level, x2, x1) with the targets' images, the snapshot of each level
/// and each surface's highest grid point. The surfaces, one a chain, no two of one model, must have
/// the same settings, seed, targets and snapshots. `provenance` is kept as attributes of
/// /provenance. Equal input gives equal bytes.
void write_surfaces(std::filesystem::path const& path, std::span<Surfaces const> surfaces,
                    std::map<std::string, std::string> const& provenance = {});

}  // namespace surf::landscape
