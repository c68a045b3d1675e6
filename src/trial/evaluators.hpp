#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>

#include "model/evaluator.hpp"
#include "model/frozen_layer.hpp"
#include "spec/generator.hpp"

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

}  // namespace surf::trial
