#pragma once

#include <cstdint>
#include <string>

#include "spec/cell.hpp"
#include "spec/surface.hpp"
#include "spec/training.hpp"

/// What work takes in time and files, from its cost (spec/cost.hpp): estimates for a plan.
namespace surf::app
{

/// Network evaluations of the surfaces of one chain: a point's image serves all targets.
double surface_cost(SurfaceSpec const& surface);

/// Evaluations of the generator a second on one core: about 1,750 trial iterations.
inline constexpr double evaluations_per_second = 3'500;

// Sizes of files, bytes.
std::int64_t chain_bytes(TrainSpec const& chain);
std::int64_t results_bytes(std::int64_t latent_dim, std::int64_t trials);

/// Files and their bytes.
struct FileSizes
{
    std::int64_t files = 0;
    std::int64_t bytes = 0;
};

/// Of all trials of one cell: packs, and the segments of blocks that fill none.
FileSizes trial_files(std::int64_t latent_dim, std::int64_t trials, std::int64_t block_size,
                      std::int64_t pack_blocks);

/// "2.6 GB", decimal units.
std::string bytes_text(std::int64_t bytes);
/// "35 s", "12 min", "3.4 h", "5.1 d".
std::string duration_text(double seconds);

}  // namespace surf::app
