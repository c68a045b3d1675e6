#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "spec/network.hpp"

namespace surf::test
{

inline constexpr std::array all_activations = {Activation::none, Activation::relu,
                                               Activation::leaky_relu, Activation::tanh,
                                               Activation::sigmoid};
/// Those of networks whose pieces are linear.
inline constexpr std::array linear_activations = {Activation::none, Activation::relu,
                                                  Activation::leaky_relu, Activation::leaky_relu};

/// Draws small layer lists: every kind of layer in every place, windows, strides, paddings, batch
/// norm and biases of all kinds.
class LayerDrawer
{
  public:
    LayerDrawer(std::uint64_t seed, std::span<Activation const> activations)
        : stream_(seed, "test/layers", Purpose::weights, 0), activations_(activations)
    {}

    NetworkSpec draw_network()
    {
        NetworkSpec network;
        Shape shape{between(1, 6)};
        std::int64_t const layers = between(2, 7);
        while (std::ssize(network) < layers)
        {
            LayerSpec const layer = draw_layer(shape, std::to_string(network.size()));
            if (fits(layer))
            {
                network.push_back(layer);
                shape = layer.output;
            }
        }
        return network;
    }

  private:
    static constexpr std::int64_t largest = 400;  ///< numbers of one layer

    std::int64_t between(std::int64_t low, std::int64_t high)
    {
        return low +
               static_cast<std::int64_t>(stream_.below(static_cast<std::uint64_t>(high - low + 1)));
    }
    bool once_in(std::int64_t times) { return between(1, times) == 1; }

    static bool fits(LayerSpec const& layer)
    {
        Shape const& out = layer.output;
        return out.channels >= 1 && out.height >= 1 && out.width >= 1 && out.size() <= largest;
    }

    LayerSpec draw_layer(Shape const& input, std::string const& name)
    {
        LayerSpec layer;
        layer.input = input;
        layer.kind =
            layer_kind_table[static_cast<std::size_t>(between(input.is_vector() ? 0 : 1, 4))].kind;
        draw_shape(layer);
        if (has_weight(layer))
        {
            layer.name = "layer" + name;
            layer.bias = once_in(2) ? Bias::trained : Bias::none;
        }
        if (once_in(3))
        {
            layer.batch_norm = BatchNorm{"norm" + name, once_in(2) ? 1e-5 : 1e-3};
        }
        layer.activation =
            activations_[static_cast<std::size_t>(between(0, std::ssize(activations_) - 1))];
        if (layer.kind == LayerKind::reshape && once_in(2))  // most do nothing else
        {
            layer.batch_norm.reset();
            layer.activation = Activation::none;
        }
        layer.slope = 0.1 * static_cast<double>(between(1, 9));
        return layer;
    }

    void draw_shape(LayerSpec& layer)
    {
        switch (layer.kind)
        {
            case LayerKind::linear:
                layer.output = {between(1, 40)};
                break;
            case LayerKind::conv:
            case LayerKind::conv_transpose:
                draw_window(layer);
                break;
            case LayerKind::upsample:
                layer.stride = between(1, 3);
                layer.output = {layer.input.channels, layer.input.height * layer.stride,
                                layer.input.width * layer.stride};
                break;
            case LayerKind::reshape:
                layer.output = draw_reshape(layer.input.size());
                break;
        }
    }

    void draw_window(LayerSpec& layer)
    {
        layer.kernel = between(1, 5);
        layer.stride = between(1, 3);
        layer.padding = between(0, 3);
        std::int64_t const more = between(0, layer.stride - 1);
        std::int64_t const wider = between(0, layer.stride - 1);
        bool const forward = layer.kind == LayerKind::conv;
        auto const extent = [&](std::int64_t in, std::int64_t surplus) -> std::int64_t {
            std::int64_t const whole =
                forward ? in + 2 * layer.padding : (in - 1) * layer.stride + layer.kernel;
            std::int64_t const least = forward ? layer.kernel : 2 * layer.padding + 1;
            if (whole < least)
            {
                return 0;
            }
            return forward ? (whole - layer.kernel) / layer.stride + 1
                           : whole - 2 * layer.padding + surplus;
        };
        layer.output = {between(1, 9), extent(layer.input.height, more),
                        extent(layer.input.width, wider)};
    }

    /// A vector, or an image of any proportions.
    Shape draw_reshape(std::int64_t size)
    {
        if (once_in(3))
        {
            return {size};
        }
        std::int64_t const channels = draw_divisor(size);
        std::int64_t const height = draw_divisor(size / channels);
        return {channels, height, size / channels / height};
    }

    std::int64_t draw_divisor(std::int64_t number)
    {
        std::vector<std::int64_t> divisors;
        for (std::int64_t i = 1; i <= number; ++i)
        {
            if (number % i == 0)
            {
                divisors.push_back(i);
            }
        }
        return divisors[static_cast<std::size_t>(between(0, std::ssize(divisors) - 1))];
    }

    RandomStream stream_;
    std::span<Activation const> activations_;
};

}  // namespace surf::test
