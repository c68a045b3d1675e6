#include "model/frozen_generator.hpp"

#include <c10/core/InferenceMode.h>

#include <utility>

#include "base/contract.hpp"

namespace surf::model
{

FrozenGenerator::FrozenGenerator(NetworkSpec const& spec, Parameters const& parameters,
                                 at::Device device, MatrixTypes types)
    : latent_dim_(spec.front().input.size()),
      device_(device),
      output_activation_(spec.back().activation),
      value_type_(at::promote_types(types.forward, at::kFloat))
{
    c10::InferenceMode const no_autograd;
    Shape const& out = spec.back().output;
    EXPECT(out.channels == 1 || out.height * out.width == 1);  // so channels-last is plain order
    for (LayerSpec const& layer : spec)
    {
        layers_.push_back(freeze(layer, parameters, device, layers_.empty() ? value_type_ : types));
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

at::Tensor FrozenGenerator::jacobian()
{
    c10::InferenceMode const no_autograd;
    at::Tensor value = at::eye(latent_dim_, options()).unsqueeze(0);
    for (auto const& layer : layers_)
    {
        value = layer->tangents(value);
    }
    return value.to(value_type_);
}

at::Tensor FrozenGenerator::affine(std::size_t layer, at::Tensor const& maps)
{
    c10::InferenceMode const no_autograd;
    EXPECT(layer < depth());
    return layers_[layer]->affine(maps);
}

}  // namespace surf::model
