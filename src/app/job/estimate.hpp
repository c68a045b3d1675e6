#pragma once

#include <cstdint>
#include <string>

#include "spec/cell.hpp"
#include "spec/surface.hpp"
#include "spec/training.hpp"

/// What work costs, before it is done: good for ordering blocks and for a plan, not for promises.
/// The unit of work is the network evaluation: one forward or one backward pass of InfoGAN's
/// generator for one image.
namespace surf::app
{

/// Adam iterations of a mean trial on the final network, from measured means at k = 5, 10 and 20.
double expected_iterations(std::int64_t latent_dim, StopRule const& stop);

/// What one trial of the cell costs on a chain of snapshots 0 … intervals, in network evaluations:
/// for projected surfing its small dense algebra as well.
double trial_cost(CellSpec const& cell, std::int64_t intervals);

/// Generator evaluations that take as long as training the chain does.
double training_cost(TrainSpec const& chain);

/// Network evaluations of the surfaces of one chain: a point's image serves all targets.
double surface_cost(SurfaceSpec const& surface);

/// Evaluations of the generator a second on one core: about 1,750 trial iterations.
inline constexpr double evaluations_per_second = 3'500;

/// Numbers of a snapshot: weights, biases and batch-norm statistics of the generator.
std::int64_t generator_values(TrainSpec const& chain);

// Sizes of files, bytes.
std::int64_t chain_bytes(TrainSpec const& chain);
std::int64_t segments_bytes(std::int64_t latent_dim, std::int64_t blocks, std::int64_t trials);
std::int64_t results_bytes(std::int64_t latent_dim, std::int64_t trials);

/// "2.6 GB", decimal units.
std::string bytes_text(std::int64_t bytes);
/// "35 s", "12 min", "3.4 h", "5.1 d".
std::string duration_text(double seconds);

}  // namespace surf::app
