#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/shape.hpp"

/// A feed-forward network as data: what its layers are, not their weights.
namespace surf
{

enum class LayerKind : std::int8_t
{
    linear,
    conv,
    conv_transpose,
    upsample,
    reshape,
};

struct LayerKindEntry
{
    LayerKind kind;
    std::string_view name;  ///< in network descriptions
    std::string_view description;
    bool has_weight;
};

inline constexpr std::array layer_kind_table = {
    LayerKindEntry{LayerKind::linear, "linear", "y = Wx + b of a vector", true},
    LayerKindEntry{LayerKind::conv, "conv", "as torch.nn.Conv2d", true},
    LayerKindEntry{LayerKind::conv_transpose, "conv_transpose", "as torch.nn.ConvTranspose2d",
                   true},
    LayerKindEntry{LayerKind::upsample, "upsample", "each pixel stride x stride times (nearest)",
                   false},
    LayerKindEntry{LayerKind::reshape, "reshape", "the same numbers in another shape", false},
};

enum class Activation : std::int8_t
{
    none,
    relu,
    leaky_relu,  ///< x where it is positive, slope · x elsewhere
    tanh,
    sigmoid,
};

struct ActivationEntry
{
    Activation kind;
    std::string_view name;
};

inline constexpr std::array activation_table = {
    ActivationEntry{Activation::none, "none"},
    ActivationEntry{Activation::relu, "relu"},
    ActivationEntry{Activation::leaky_relu, "leaky_relu"},
    ActivationEntry{Activation::tanh, "tanh"},
    ActivationEntry{Activation::sigmoid, "sigmoid"},
};

enum class Bias : std::int8_t
{
    none,
    trained,
};

/// Normalisation of each channel before the activation (Ioffe & Szegedy 2015).
///
/// Its arrays are named as torch.nn.BatchNorm2d's: <name>.weight, .bias, .running_mean and
/// .running_var, each [channels].
struct BatchNorm
{
    std::string name;
    double epsilon = 1e-5;  ///< added to the variance before the square root

    friend bool operator==(BatchNorm const&, BatchNorm const&) = default;
};

/// A layer's parts in the order in which they act: what its kind says, batch norm, activation.
struct LayerSpec
{
    std::string name;  ///< its arrays are <name>.weight and <name>.bias, laid out as torch.nn's
    LayerKind kind = LayerKind::linear;
    Shape input;
    Shape output;
    std::int64_t kernel = 1;   ///< side of the window, of conv and conv_transpose
    std::int64_t stride = 1;   ///< likewise; of upsample the factor
    std::int64_t padding = 0;  ///< likewise of conv and conv_transpose
    Bias bias = Bias::none;
    std::optional<BatchNorm> batch_norm = {};
    Activation activation = Activation::none;
    double slope = 0.2;  ///< of leaky_relu

    friend bool operator==(LayerSpec const&, LayerSpec const&) = default;
};

/// Layers from the latent to the image: each one's input is the output of the one before.
using NetworkSpec = std::vector<LayerSpec>;

/// A stored array that a network needs.
struct ArraySpec
{
    std::string name;
    std::vector<std::int64_t> shape;
};

bool has_weight(LayerSpec const& layer);
/// Whether it moves a window over an image, plainly or transposed.
bool is_convolution(LayerSpec const& layer);
/// Shape of a layer's weight, in the layout of torch.nn. Not for layers without one.
std::vector<std::int64_t> weight_shape(LayerSpec const& layer);
/// Rows and columns that a transposed convolution makes beyond the least (torch's output_padding).
std::vector<std::int64_t> output_padding(LayerSpec const& layer);
/// All arrays of a layer, weight first.
std::vector<ArraySpec> arrays_of(LayerSpec const& layer);
/// All arrays of a network, layer by layer.
std::vector<ArraySpec> arrays_of(NetworkSpec const& network);

/// Multiplications of one forward pass of one sample; borders count as if they were inside.
double multiplications(NetworkSpec const& network);
/// Whether the network is linear in its latent wherever no unit changes sign, but for its last
/// activation.
bool is_piecewise_linear(NetworkSpec const& network);

/// The network that a JSON text describes, as network_text() writes it. Throws InputError that
/// begins with `origin` and names layer and key if it is none: layers must fit together.
NetworkSpec parse_network(std::string const& text, std::string const& origin);
/// The description as JSON: the latent's dimension, and a list of layers, keys that say nothing
/// left out.
std::string network_text(NetworkSpec const& network);
/// The rule of parse_network(), for a network from elsewhere.
void require_valid(NetworkSpec const& network, std::string const& origin);

}  // namespace surf
