#include "model/frozen_generator.hpp"

#include <c10/core/InferenceMode.h>

#include <utility>

#include "base/contract.hpp"

namespace surf::model
{

namespace
{

bool only_reshapes(LayerSpec const& layer)
{
    return layer.kind == LayerKind::reshape && !layer.batch_norm &&
           layer.activation == Activation::none;
}

/// The same network with linear layers that go from and to images, as far as they can take in the
/// reshapes beside them.
NetworkSpec without_reshapes(NetworkSpec const& network)
{
    NetworkSpec merged;
    bool flattens = false;  // a reshape is left out that the next layer takes in
    for (std::size_t i = 0; i < network.size(); ++i)
    {
        LayerSpec layer = network[i];
        bool const before_linear =
            i + 1 < network.size() && network[i + 1].kind == LayerKind::linear;
        if (only_reshapes(layer))
        {
            if (!merged.empty() && merged.back().kind == LayerKind::linear)
            {
                merged.back().output = layer.output;
                continue;
            }
            if (before_linear && !merged.empty())
            {
                flattens = true;
                continue;
            }
        }
        if (std::exchange(flattens, false))
        {
            layer.input = merged.back().output;
        }
        merged.push_back(std::move(layer));
    }
    return merged;
}

}  // namespace

FrozenGenerator::FrozenGenerator(NetworkSpec const& spec, Parameters const& parameters,
                                 at::Device device, MatrixTypes types)
    : latent_dim_(spec.front().input.size()),
      device_(device),
      value_type_(at::promote_types(types.forward, at::kFloat)),
      image_(spec.back().output)
{
    c10::InferenceMode const no_autograd;
    for (LayerSpec const& layer : without_reshapes(spec))
    {
        layers_.push_back(freeze(layer, parameters, device, layers_.empty() ? value_type_ : types));
        activations_.push_back({layer.activation, layer.slope});
    }
}

double FrozenGenerator::inactive_slope(std::size_t layer) const
{
    switch (activations_[layer].kind)
    {
        case Activation::none:
            return 1;
        case Activation::relu:
            return 0;
        case Activation::leaky_relu:
            return activations_[layer].slope;
        case Activation::tanh:
        case Activation::sigmoid:
            break;
    }
    EXPECT(!"the network is piecewise linear");
    return 0;
}

at::Tensor FrozenGenerator::channels_first(at::Tensor const& rows) const
{
    if (!reorders())
    {
        return rows;
    }
    return rows.unflatten(-1, {image_.height * image_.width, image_.channels})
        .transpose(-1, -2)
        .flatten(-2);
}

at::Tensor FrozenGenerator::channels_last(at::Tensor const& rows) const
{
    return reorders() ? rows.view({-1, image_.channels, image_.height * image_.width})
                            .transpose(1, 2)
                            .flatten(1)
                      : rows;
}

at::Tensor FrozenGenerator::forward(at::Tensor const& latents)
{
    c10::InferenceMode const no_autograd;
    at::Tensor value = latents;
    for (auto const& layer : layers_)
    {
        value = layer->forward(value);
    }
    return channels_first(value.to(value_type_));
}

at::Tensor FrozenGenerator::backward(at::Tensor const& gradient)
{
    c10::InferenceMode const no_autograd;
    at::Tensor value = channels_last(gradient);
    if (output_activation() == Activation::relu && !reorders())
    {
        value = value.clone();  // it overwrites what it is given, which is the caller's
    }
    for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer)
    {
        value = (*layer)->backward(std::move(value));
    }
    return value;
}

at::Tensor FrozenGenerator::jacobian()
{
    return jacobian_at(std::nullopt);
}

at::Tensor FrozenGenerator::jacobian_of(at::Tensor const& rows)
{
    return jacobian_at(rows);
}

at::Tensor FrozenGenerator::jacobian_at(std::optional<at::Tensor> const& rows)
{
    c10::InferenceMode const no_autograd;
    at::Tensor value = directions();
    for (auto const& layer : layers_)
    {
        value = layer->tangents(value, rows);
    }
    return channels_first(value.to(value_type_));
}

Linearised FrozenGenerator::linearise(at::Tensor const& latents, at::Tensor const& rows)
{
    c10::InferenceMode const no_autograd;
    ValueAndTangents pushed = {latents, directions()};
    for (auto const& layer : layers_)
    {
        pushed = layer->forward_with_tangents(pushed, rows);
    }
    return {channels_first(pushed.value.to(value_type_)),
            channels_first(pushed.tangents.to(value_type_))};
}

at::Tensor FrozenGenerator::affine(std::size_t layer, at::Tensor const& maps)
{
    c10::InferenceMode const no_autograd;
    EXPECT(layer < depth());
    at::Tensor const value = layers_[layer]->affine(maps);
    return layer + 1 == depth() ? channels_first(value) : value;
}

std::vector<std::int64_t> FrozenGenerator::uses() const
{
    std::vector<std::int64_t> uses;
    for (auto const& layer : layers_)
    {
        uses.push_back(layer->uses());
    }
    return uses;
}

void FrozenGenerator::set_uses(std::vector<std::int64_t> const& uses)
{
    EXPECT(uses.size() == layers_.size());
    for (std::size_t i = 0; i < uses.size(); ++i)
    {
        layers_[i]->set_uses(uses[i]);
    }
}

}  // namespace surf::model
