#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "chain/reader.hpp"
#include "data/images.hpp"
#include "model/evaluator.hpp"
#include "model/frozen_layer.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"

namespace surf::trial
{

/// Makes snapshots into evaluators whose matrix work is in these precisions: FrozenGenerator in the
/// program, ReferenceEvaluator in tests. Projected surfing, which needs linear pieces as well,
/// makes FrozenGenerators itself behind its first network.
using EvaluatorFactory = std::function<std::unique_ptr<model::Evaluator>(
    GeneratorSpec const&, Parameters const&, model::MatrixTypes)>;

/// The frozen generator on a device, replayed from CUDA graphs where there are; a TorchScript
/// program as it is.
EvaluatorFactory frozen_evaluators(at::Device device);
/// Plain autograd on a device, in float32 whatever the precision: the oracle. A TorchScript program
/// is its own.
EvaluatorFactory reference_evaluators(at::Device device);

/// The stored data that a block is computed from.
struct BlockSources
{
    chain::Reader const& chain;
    data::TestImages const* test_images = nullptr;  ///< only a task without x* needs them
};

/// Computes the trials of one block, from their streams to their outcomes. The same spec gives the
/// same bits on the same kind of machine with the same number of compute threads.
///
/// Throws FileError if the chain is damaged, Interrupted when asked to stop.
std::vector<TrialOutcome> run_block(BlockSpec const& block, BlockSources const& sources,
                                    at::Device device, EvaluatorFactory const& evaluators,
                                    std::stop_token const& stop);

}  // namespace surf::trial
