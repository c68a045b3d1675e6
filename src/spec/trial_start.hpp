#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "spec/cell.hpp"

/// Where a trial begins, and what it is to find: drawn from its own streams.
namespace surf
{

/// Fills `latent` with one drawn from a prior.
void draw_latent(RandomStream& stream, Prior prior, std::span<float> latent);

/// x*, target_scale times one of the prior. The task has one: has_latent().
std::vector<float> target_latent(CellSpec const& cell, std::int64_t trial);
/// x_init, from the generator's prior.
std::vector<float> initial_latent(CellSpec const& cell, std::int64_t trial);
/// Which of `images` test images the target of a task without x* is.
std::int64_t target_index(CellSpec const& cell, std::int64_t trial, std::int64_t images);

}  // namespace surf
