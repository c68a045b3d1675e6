#include "trial/evaluators.hpp"

#include "model/graphed_evaluator.hpp"
#include "model/make_evaluator.hpp"
#include "model/network.hpp"

namespace surf::trial
{

EvaluatorFactory frozen_evaluators(at::Device device)
{
    return [device](GeneratorSpec const& generator, Parameters const& parameters,
                    model::MatrixTypes types) {
        auto evaluator = model::make_evaluator(generator, parameters, device, types);
        // What a program does on its way back is not known to be recordable.
        return generator.program() != nullptr ? std::move(evaluator)
                                              : model::with_graphs(std::move(evaluator), device);
    };
}

EvaluatorFactory reference_evaluators(at::Device device)
{
    return [device](GeneratorSpec const& generator, Parameters const& parameters,
                    model::MatrixTypes) -> std::unique_ptr<model::Evaluator> {
        if (generator.program() != nullptr)
        {
            return model::make_evaluator(generator, parameters, device);
        }
        return std::make_unique<model::ReferenceEvaluator>(
            model::Network(*generator.layers(), parameters, device));
    };
}

}  // namespace surf::trial
