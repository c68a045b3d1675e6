#pragma once

#include <cstdint>

#include "spec/network.hpp"

/// What work costs, before it is done: good for ordering blocks and for a plan, not for promises.
namespace surf
{

struct CellSpec;
struct GeneratorSpec;
struct StopRule;
struct TrainSpec;

/// What an evaluation of a network costs, in those of InfoGAN's generator for 28 × 28 pixels, which
/// are the unit of all costs.
double relative_cost(NetworkSpec const& network);
/// Of a program nothing is known: it counts as one.
double relative_cost(GeneratorSpec const& generator);

/// Adam iterations of a mean trial on the final network, from measured means at k = 5, 10 and 20.
double expected_iterations(std::int64_t latent_dim, StopRule const& stop);

// Network evaluations of one trial of a method on a chain of snapshots 0 … intervals: its own
// generator's.
double adam_cost(CellSpec const& cell, std::int64_t intervals);
double surfing_cost(CellSpec const& cell, std::int64_t intervals);
double lm_cost(CellSpec const& cell, std::int64_t intervals);
double surfing_lm_cost(CellSpec const& cell, std::int64_t intervals);
/// All that its starts may spend.
double restarts_cost(CellSpec const& cell, std::int64_t intervals);
/// With its small dense algebra.
double projected_cost(CellSpec const& cell, std::int64_t intervals);

/// What one trial of a cell costs by its method, in units.
double trial_cost(CellSpec const& cell, std::int64_t intervals);

/// What training a chain costs, in units.
double training_cost(TrainSpec const& chain);

}  // namespace surf
