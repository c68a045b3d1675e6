#include "model/frozen_generator.hpp"

#include <c10/core/InferenceMode.h>

#include "base/contract.hpp"

namespace surf::model
{

FrozenGenerator::FrozenGenerator(NetworkSpec const& spec, Parameters const& parameters,
                                 at::Device device, at::ScalarType type)
    : value_type_(at::promote_types(type, at::kFloat))
{
    c10::InferenceMode const no_autograd;
    Shape const& out = spec.back().output;
    EXPECT(out.channels == 1 || out.height * out.width == 1);  // so channels-last is plain order
    for (LayerSpec const& layer : spec)
    {
        layers_.push_back(freeze(layer, parameters, device, layers_.empty() ? value_type_ : type));
    }
}

at::Tensor FrozenGenerator::forward(at::Tensor const& latents)
{
    c10::InferenceMode const no_autograd;
    at::Tensor value = latents;
    for (auto const& layer : layers_)
    {
        value = layer->forward(value);
    }
    return value.to(value_type_);
}

at::Tensor FrozenGenerator::backward(at::Tensor const& gradient)
{
    c10::InferenceMode const no_autograd;
    at::Tensor value = gradient;
    for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer)
    {
        value = (*layer)->backward(std::move(value));
    }
    return value;
}

}  // namespace surf::model
