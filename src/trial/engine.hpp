#pragma once

#include <c10/core/Device.h>

#include <vector>

#include "chain/reader.hpp"
#include "data/images.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"
#include "trial/checkpoint.hpp"
#include "trial/evaluators.hpp"
#include "trial/inputs.hpp"
#include "trial/objective.hpp"

namespace surf::trial
{

/// The stored data that a block is computed from.
struct BlockSources
{
    chain::Reader const& chain;
    data::TestImages const* test_images = nullptr;  ///< only a task without x* needs them
};

/// What the trials of a block look for, and from where.
struct BlockProblem
{
    TrialInputs inputs;
    at::Tensor target;    ///< y: [trials × n]
    Objective objective;  ///< on any of the networks
};

/// Draws it from the trials' streams. Throws FileError if the chain is damaged.
BlockProblem draw_problem(BlockSpec const& block, BlockSources const& sources, at::Device device,
                          EvaluatorFactory const& evaluators);

/// Searches the trials of one problem. Throws as run_block().
std::vector<TrialOutcome> solve(BlockSpec const& block, BlockProblem const& problem,
                                BlockSources const& sources, at::Device device,
                                EvaluatorFactory const& evaluators, Checkpoint& checkpoint);

/// Computes the trials of one block, from their streams to their outcomes. The same spec gives the
/// same bits on the same kind of machine with the same number of compute threads,
/// broken off or not.
///
/// Throws FileError if the chain is damaged, Interrupted when asked to stop.
std::vector<TrialOutcome> run_block(BlockSpec const& block, BlockSources const& sources,
                                    at::Device device, EvaluatorFactory const& evaluators,
                                    Checkpoint& checkpoint);

}  // namespace surf::trial
