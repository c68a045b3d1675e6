#pragma once

#include <cstdint>
#include <vector>

#include "base/id.hpp"

namespace surf
{

/// Surfaces are drawn over this many latents.
inline constexpr std::int64_t surface_latent_dim = 2;

/// What is drawn of a chain (figure 1 of the paper): −½‖G_θt(x) − y‖² on a square grid of latents.
struct SurfaceSpec
{
    std::int64_t targets = 2;   ///< held-out test images y; 0: there is nothing to draw
    std::int64_t levels = 3;    ///< snapshots, evenly along the chain, first and last among them
    double extent = 4.0;        ///< x1 and x2 go from −extent to extent
    std::int64_t points = 101;  ///< of the grid along each of x1 and x2

    CanonicalText canonical() const;
};

/// Throws InputError naming the key, as "surface.points", if a value is out of its range.
void require_valid(SurfaceSpec const& spec);

/// Snapshot round(l T / (levels − 1)) for l = 0 … levels − 1, where T = snapshots − 1.
/// Throws InputError if the chain has fewer snapshots than levels are asked for.
std::vector<std::int64_t> level_snapshots(SurfaceSpec const& spec, std::int64_t snapshots);

/// The grid's coordinates along x1 and along x2, ascending and symmetric about 0.
std::vector<double> grid_axis(SurfaceSpec const& spec);

}  // namespace surf
