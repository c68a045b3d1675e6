#include "spec/network.hpp"

#include <cmath>
#include <set>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/name_table.hpp"

namespace surf
{
namespace
{

/// How many places of an image each weight is used at.
std::int64_t places(LayerSpec const& layer)
{
    Shape const& shape = layer.kind == LayerKind::conv ? layer.output : layer.input;
    return is_convolution(layer) ? shape.height * shape.width : 1;
}

[[noreturn]] void refuse_layer(std::string const& origin, std::string const& layer,
                               std::string const& why)
{
    throw InputError(fmt::format("{}: layer {}: {}", origin, layer, why));
}

/// The least extent of an image that a convolution makes of one, along one side: that of a
/// transposed one may be up to stride − 1 larger.
std::int64_t window_extent(LayerSpec const& layer, std::int64_t extent)
{
    return layer.kind == LayerKind::conv
               ? (extent + 2 * layer.padding - layer.kernel) / layer.stride + 1
               : (extent - 1) * layer.stride - 2 * layer.padding + layer.kernel;
}

bool extents_fit(LayerSpec const& layer, std::int64_t in, std::int64_t out)
{
    if (layer.kind == LayerKind::conv)
    {
        return in + 2 * layer.padding >= layer.kernel && out == window_extent(layer, in);
    }
    std::int64_t const least = window_extent(layer, in);
    return out >= least && out < least + layer.stride;
}

/// Why a layer's output cannot come from its input; empty if it can.
std::string misfit(LayerSpec const& layer)
{
    Shape const& in = layer.input;
    Shape const& out = layer.output;
    auto const does_not_give = [&](std::string const& what) {
        return fmt::format("{} of {} does not give {}", what, in.text(), out.text());
    };
    switch (layer.kind)
    {
        case LayerKind::linear:
            return in.is_vector() && out.is_vector()
                       ? ""
                       : fmt::format(
                             "linear layers go from vectors to vectors, not from {} to {}; "
                             "put a reshape between",
                             in.text(), out.text());
        case LayerKind::conv:
        case LayerKind::conv_transpose:
            return extents_fit(layer, in.height, out.height) &&
                           extents_fit(layer, in.width, out.width)
                       ? ""
                       : does_not_give(fmt::format("{} with kernel {}, stride {}, padding {}",
                                                   name_of(layer_kind_table, layer.kind),
                                                   layer.kernel, layer.stride, layer.padding));
        case LayerKind::upsample:
            return out == Shape{in.channels, in.height * layer.stride, in.width * layer.stride}
                       ? ""
                       : does_not_give(fmt::format("upsample by {}", layer.stride));
        case LayerKind::reshape:
            return in.size() == out.size() ? "" : does_not_give("reshape");
    }
    EXPECT(!"kind is one of its enumeration");
    return "";
}

}  // namespace

bool is_convolution(LayerSpec const& layer)
{
    return layer.kind == LayerKind::conv || layer.kind == LayerKind::conv_transpose;
}

bool has_weight(LayerSpec const& layer)
{
    for (LayerKindEntry const& entry : layer_kind_table)
    {
        if (entry.kind == layer.kind)
        {
            return entry.has_weight;
        }
    }
    EXPECT(!"kind is in its table");
    return false;
}

std::vector<std::int64_t> weight_shape(LayerSpec const& layer)
{
    EXPECT(has_weight(layer));
    if (layer.kind == LayerKind::linear)
    {
        return {layer.output.size(), layer.input.size()};
    }
    bool const forward = layer.kind == LayerKind::conv;
    std::int64_t const in = layer.input.channels;
    std::int64_t const out = layer.output.channels;
    return {forward ? out : in, forward ? in : out, layer.kernel, layer.kernel};
}

std::vector<std::int64_t> output_padding(LayerSpec const& layer)
{
    EXPECT(layer.kind == LayerKind::conv_transpose);
    return {layer.output.height - window_extent(layer, layer.input.height),
            layer.output.width - window_extent(layer, layer.input.width)};
}

std::vector<ArraySpec> arrays_of(LayerSpec const& layer)
{
    std::vector<ArraySpec> arrays;
    if (has_weight(layer))
    {
        arrays.push_back({layer.name + ".weight", weight_shape(layer)});
    }
    if (layer.bias == Bias::trained)
    {
        arrays.push_back({layer.name + ".bias", {layer.output.channels}});
    }
    if (layer.batch_norm)
    {
        for (char const* part : {".weight", ".bias", ".running_mean", ".running_var"})
        {
            arrays.push_back({layer.batch_norm->name + part, {layer.output.channels}});
        }
    }
    return arrays;
}

std::vector<ArraySpec> arrays_of(NetworkSpec const& network)
{
    std::vector<ArraySpec> arrays;
    for (LayerSpec const& layer : network)
    {
        for (ArraySpec& array : arrays_of(layer))
        {
            arrays.push_back(std::move(array));
        }
    }
    return arrays;
}

double multiplications(NetworkSpec const& network)
{
    double sum = 0;
    for (LayerSpec const& layer : network)
    {
        if (has_weight(layer))
        {
            double weights = 1;
            for (std::int64_t const extent : weight_shape(layer))
            {
                weights *= static_cast<double>(extent);
            }
            sum += weights * static_cast<double>(places(layer));
        }
    }
    return sum;
}

bool is_piecewise_linear(NetworkSpec const& network)
{
    for (std::size_t i = 0; i + 1 < network.size(); ++i)
    {
        Activation const activation = network[i].activation;
        if (activation == Activation::tanh || activation == Activation::sigmoid)
        {
            return false;
        }
    }
    return true;
}

void require_valid(NetworkSpec const& network, std::string const& origin)
{
    if (network.empty())
    {
        throw InputError(
            fmt::format("{}: a network without layers; describe at least one", origin));
    }
    std::set<std::string> names;
    for (std::size_t i = 0; i < network.size(); ++i)
    {
        LayerSpec const& layer = network[i];
        std::string const label =
            layer.name.empty() ? fmt::format("{}", i) : fmt::format("{} ({})", i, layer.name);
        if (i > 0 && layer.input != network[i - 1].output)
        {
            refuse_layer(origin, label,
                         fmt::format("takes {}, but the layer before gives {}", layer.input.text(),
                                     network[i - 1].output.text()));
        }
        if (std::string const why = misfit(layer); !why.empty())
        {
            refuse_layer(origin, label, why);
        }
        if (layer.activation == Activation::leaky_relu && !(layer.slope > 0 && layer.slope < 1))
        {
            refuse_layer(origin, label,
                         fmt::format("slope = {}: must be above 0 and below 1", layer.slope));
        }
        if (layer.batch_norm &&
            !(layer.batch_norm->epsilon >= 0 && std::isfinite(layer.batch_norm->epsilon)))
        {
            refuse_layer(origin, label,
                         fmt::format("batch_norm.epsilon = {}: must be finite and at least 0",
                                     layer.batch_norm->epsilon));
        }
        for (ArraySpec const& array : arrays_of(layer))
        {
            if (array.name.starts_with('.') || array.name.find('/') != std::string::npos)
            {
                refuse_layer(origin, label, "needs a name without / for its arrays");
            }
            if (!names.insert(array.name).second)
            {
                refuse_layer(origin, label,
                             fmt::format("has the array {} of a layer before; name it otherwise",
                                         array.name));
            }
        }
    }
}

}  // namespace surf
