#include "spec/architecture.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/contract.hpp"

namespace surf
{
namespace
{

constexpr double leaky_slope = 0.2;

std::optional<BatchNorm> norm_of(std::string const& layer)
{
    return BatchNorm{layer + "_bn"};
}

LayerSpec linear(std::string const& name, std::int64_t input, std::int64_t output,
                 std::optional<BatchNorm> norm, Activation activation)
{
    return {.name = name,
            .kind = LayerKind::linear,
            .input = {input},
            .output = {output},
            .bias = Bias::trained,
            .batch_norm = std::move(norm),
            .activation = activation,
            .slope = leaky_slope};
}

LayerSpec reshape(Shape const& input, Shape const& output)
{
    return {.name = "", .kind = LayerKind::reshape, .input = input, .output = output};
}

/// 4 × 4 windows, stride 2, padding 1: halves height and width, or doubles them.
LayerSpec window(std::string const& name, LayerKind kind, Shape const& input, Shape const& output,
                 std::optional<BatchNorm> norm, Activation activation)
{
    return {.name = name,
            .kind = kind,
            .input = input,
            .output = output,
            .kernel = 4,
            .stride = 2,
            .padding = 1,
            .bias = Bias::trained,
            .batch_norm = std::move(norm),
            .activation = activation,
            .slope = leaky_slope};
}

/// Images of so many channels whose sides are a fraction of another's.
Shape reduced(Shape const& image, std::int64_t channels, std::int64_t factor)
{
    EXPECT(image.height % factor == 0 && image.width % factor == 0);
    return {channels, image.height / factor, image.width / factor};
}

}  // namespace

NetworkSpec infogan_generator(GeneratorSize const& size)
{
    Shape const quarter = reduced(size.image, 128, 4);
    Shape const half = reduced(size.image, 64, 2);
    return {linear("fc1", size.latent_dim, 1024, norm_of("fc1"), Activation::relu),
            linear("fc2", 1024, quarter.size(), norm_of("fc2"), Activation::relu),
            reshape({quarter.size()}, quarter),
            window("deconv1", LayerKind::conv_transpose, quarter, half, norm_of("deconv1"),
                   Activation::relu),
            window("deconv2", LayerKind::conv_transpose, half, size.image, std::nullopt,
                   Activation::sigmoid)};
}

NetworkSpec relu_generator(GeneratorSize const& size)
{
    EXPECT(size.hidden_layers >= 1);
    constexpr std::int64_t expansion = 5;
    std::int64_t const pixels = size.image.size();
    NetworkSpec network;
    std::int64_t width = size.latent_dim;
    for (std::int64_t i = 1; i <= size.hidden_layers; ++i)
    {
        std::int64_t const input = std::exchange(width, std::min(pixels, expansion * width));
        network.push_back(
            linear("hidden" + std::to_string(i), input, width, std::nullopt, Activation::relu));
    }
    network.push_back(linear("output", width, pixels, std::nullopt, Activation::none));
    network.back().bias = Bias::none;  // the paper's V has none
    network.push_back(reshape({pixels}, size.image));
    return network;
}

NetworkSpec infogan_trunk(Shape const& image, std::int64_t outputs, TrunkNorm norm)
{
    Shape const half = reduced(image, 64, 2);
    Shape const quarter = reduced(image, 128, 4);
    auto const inner = [&](char const* layer) {
        return norm == TrunkNorm::batch ? norm_of(layer) : std::nullopt;
    };
    return {window("conv1", LayerKind::conv, image, half, std::nullopt, Activation::leaky_relu),
            window("conv2", LayerKind::conv, half, quarter, inner("conv2"), Activation::leaky_relu),
            reshape(quarter, {quarter.size()}),
            linear("fc1", quarter.size(), 1024, inner("fc1"), Activation::leaky_relu),
            linear("fc2", 1024, outputs, std::nullopt, Activation::none)};
}

ArchitectureEntry const& entry_of(Architecture architecture)
{
    auto const entry =
        std::ranges::find(architecture_table, architecture, &ArchitectureEntry::kind);
    EXPECT(entry != architecture_table.end());
    return *entry;
}

}  // namespace surf
