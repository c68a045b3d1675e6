#include "model/make_evaluator.hpp"

#include "model/frozen_generator.hpp"
#include "model/torchscript_generator.hpp"

namespace surf::model
{

std::unique_ptr<Evaluator> make_evaluator(GeneratorSpec const& generator,
                                          Parameters const& parameters, at::Device device,
                                          MatrixTypes types)
{
    if (NetworkSpec const* const layers = generator.layers())
    {
        return std::make_unique<FrozenGenerator>(*layers, parameters, device, types);
    }
    return std::make_unique<TorchScriptGenerator>(generator, parameters, device);
}

}  // namespace surf::model
