#include "train/plain_network.hpp"

#include <ATen/core/grad_mode.h>

#include <vector>

namespace surf::test
{
namespace
{

constexpr double leaky = 0.2;

/// The layers that the networks are made of.
struct Layers
{
    PlainNetwork const& network;

    at::Tensor const& get(std::string const& layer, std::string const& part) const
    {
        return network.tensors.at(network.name + "." + layer + "." + part);
    }

    bool has(std::string const& layer) const
    {
        return network.tensors.contains(network.name + "." + layer + ".weight");
    }

    /// y = Wx + b
    at::Tensor dense(std::string const& layer, at::Tensor const& input) const
    {
        return at::matmul(input.flatten(1), get(layer, "weight").t()) + get(layer, "bias");
    }

    /// 4 × 4, stride 2, padding 1: products of the weights with all patches.
    at::Tensor convolution(std::string const& layer, at::Tensor const& input) const
    {
        at::Tensor const& weight = get(layer, "weight");  // [out × in × 4 × 4]
        at::Tensor const patches = at::im2col(input, {4, 4}, {1, 1}, {1, 1}, {2, 2});
        return at::matmul(weight.flatten(1), patches)
                   .reshape({input.size(0), weight.size(0), input.size(2) / 2, input.size(3) / 2}) +
               get(layer, "bias").reshape({-1, 1, 1});
    }

    /// Its transpose: adds up the patches that the weights make of every pixel.
    at::Tensor transposed_convolution(std::string const& layer, at::Tensor const& input) const
    {
        at::Tensor const& weight = get(layer, "weight");  // [in × out × 4 × 4]
        at::Tensor const patches = at::matmul(weight.flatten(1).t(), input.flatten(2));
        return at::col2im(patches, {2 * input.size(2), 2 * input.size(3)}, {4, 4}, {1, 1}, {1, 1},
                          {2, 2}) +
               get(layer, "bias").reshape({-1, 1, 1});
    }

    /// Batch norm (Ioffe & Szegedy 2015, algorithm 1) of every unit, or of every channel over all
    /// its pixels; a tenth of each batch's mean and unbiased variance goes into the running ones.
    at::Tensor normalise(std::string const& layer, at::Tensor const& input) const
    {
        at::Tensor const values =  // [features × all that one mean is over]
            input.dim() == 2 ? input.t() : input.transpose(0, 1).flatten(1);
        auto const count = static_cast<double>(values.size(1));
        at::Tensor const mean = values.mean(1);
        at::Tensor const variance = (values - mean.unsqueeze(1)).square().mean(1);
        {
            at::NoGradGuard const no_autograd;
            at::Tensor const& running_mean = get(layer + "_bn", "running_mean");
            at::Tensor const& running_variance = get(layer + "_bn", "running_var");
            running_mean.copy_(0.9 * running_mean + 0.1 * mean);
            running_variance.copy_(0.9 * running_variance + 0.1 * variance * count / (count - 1));
        }
        std::vector<std::int64_t> shape(static_cast<std::size_t>(input.dim()), 1);
        shape[1] = -1;
        return get(layer + "_bn", "weight").reshape(shape) * (input - mean.reshape(shape)) /
                   (variance.reshape(shape) + 1e-5).sqrt() +
               get(layer + "_bn", "bias").reshape(shape);
    }

    /// ReLU, with this slope on its other side.
    at::Tensor rectify(at::Tensor const& input, double slope) const
    {
        at::Tensor const bend = network.kink * input.detach().square().mean().sqrt();
        return at::where(input > bend, input, slope * input);
    }
};

}  // namespace

at::Tensor infogan(PlainNetwork const& network, at::Tensor const& latents)
{
    Layers const layers{network};
    at::Tensor value = layers.normalise("fc1", layers.dense("fc1", latents));
    value = layers.rectify(value, 0);
    value = layers.normalise("fc2", layers.dense("fc2", value));
    value = layers.rectify(value, 0).reshape(
        {-1, 128, network.image.height / 4, network.image.width / 4});
    value = layers.normalise("deconv1", layers.transposed_convolution("deconv1", value));
    value = layers.rectify(value, 0);
    return layers.transposed_convolution("deconv2", value).flatten(1);
}

at::Tensor expansive(PlainNetwork const& network, at::Tensor const& latents)
{
    Layers const layers{network};
    at::Tensor value = latents;
    for (int i = 1; layers.has("hidden" + std::to_string(i)); ++i)
    {
        value = layers.rectify(layers.dense("hidden" + std::to_string(i), value), 0);
    }
    return at::matmul(value, layers.get("output", "weight").t());
}

at::Tensor trunk(PlainNetwork const& network, at::Tensor const& images, TrunkNorm norm)
{
    Layers const layers{network};
    auto const normalise = [&](std::string const& layer, at::Tensor const& input) {
        return norm == TrunkNorm::batch ? layers.normalise(layer, input) : input;
    };
    at::Tensor value = layers.convolution(
        "conv1", images.reshape({-1, 1, network.image.height, network.image.width}));
    value = layers.rectify(value, leaky);
    value = normalise("conv2", layers.convolution("conv2", value));
    value = layers.rectify(value, leaky);
    value = normalise("fc1", layers.dense("fc1", value));
    value = layers.rectify(value, leaky);
    return layers.dense("fc2", value);
}

}  // namespace surf::test
