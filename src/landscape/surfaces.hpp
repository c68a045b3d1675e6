#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "chain/reader.hpp"
#include "data/images.hpp"
#include "landscape/progress.hpp"
#include "model/evaluator.hpp"
#include "spec/surface.hpp"

namespace surf::landscape
{

/// The surfaces −½‖G_θt(x) − y‖² of one chain. All arrays are row-major.
struct Surfaces
{
    SurfaceSpec spec;
    std::uint64_t seed = 0;
    std::string model;  ///< name of the model
    ChainId chain;
    std::string test_checksum;             ///< of the test images
    std::vector<std::int64_t> test_index;  ///< of each target among the test images
    Shape shape = {};                      ///< of an image
    ValueRange range = {};                 ///< of its values
    std::vector<float> images = {};        ///< y, [targets × channels × rows × columns]
    std::vector<std::int64_t> snapshots;   ///< t of each level
    std::vector<std::int64_t> steps = {};  ///< training steps of each level
    std::vector<double> values = {};       ///< [targets × levels × x2 × x1]
};

/// Where a surface is highest on its grid.
struct Summit
{
    double value = 0;
    std::size_t x1 = 0;  ///< position on the axis
    std::size_t x2 = 0;
};

/// The surfaces of a chain with k = 2 over the targets that draw_targets() gives.
///
/// `progress` counts levels. Throws InputError if k is not 2 or the chain has too few snapshots,
/// FileError if the chain is damaged, Interrupted when asked to stop.
Surfaces compute_surfaces(SurfaceSpec const& spec, chain::Reader const& chain,
                          data::TestImages const& images, std::uint64_t seed, at::Device device,
                          Progress const& progress, std::stop_token const& stop);

/// −½‖G(x) − y‖² for targets [targets × n], which are on the evaluator's device, at every x of the
/// grid axis × axis: [targets × x2 × x1].
std::vector<double> surface_values(model::Evaluator& generator, at::Tensor const& targets,
                                   std::vector<double> const& axis, std::stop_token const& stop);

/// Different test images, the same for every chain of a seed; one more target changes no other.
/// Throws InputError if there are fewer than spec.targets.
std::vector<std::int64_t> draw_targets(SurfaceSpec const& spec, std::uint64_t seed,
                                       std::int64_t images);

/// The highest point of one surface, [points × points]; of equals the first.
Summit summit(std::span<double const> surface, std::int64_t points);

}  // namespace surf::landscape
