#pragma once

#include <memory>

#include "model/evaluator.hpp"
#include "model/frozen_layer.hpp"
#include "spec/generator.hpp"

namespace surf::model
{

/// A snapshot of a generator made ready for trials: a FrozenGenerator for a layer list, a
/// TorchScriptGenerator for a program. `types` are the precisions of the matrix work; a program is
/// float32 whatever they are. Throws FileError if the parameters do not fit.
std::unique_ptr<Evaluator> make_evaluator(GeneratorSpec const& generator,
                                          Parameters const& parameters, at::Device device,
                                          MatrixTypes types = at::kFloat);

}  // namespace surf::model
