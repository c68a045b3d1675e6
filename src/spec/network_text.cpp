#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/name_table.hpp"
#include "spec/network.hpp"

namespace surf
{
namespace
{

using Json = nlohmann::ordered_json;

/// Keeps every product of two extents far from overflow.
constexpr std::int64_t largest_extent = 1 << 24;

/// Of arrays and objects in each other. A description needs 4; the library overflows the stack
/// where it writes deep ones into an error.
constexpr int deepest = 8;

Json parse_json(std::string const& text, std::string const& origin)
{
    auto const watch = [&](int depth, Json::parse_event_t, Json const&) {
        if (depth > deepest)
        {
            throw InputError(fmt::format(
                "{}: arrays and objects in each other, more than {} deep (a network has no such); "
                "see docs/generators.md for a network's description",
                origin, deepest));
        }
        return true;
    };
    try
    {
        return Json::parse(text, watch);
    }
    catch (Json::exception const& error)
    {
        throw InputError(
            fmt::format("{}: not JSON ({}); see docs/generators.md for a network's "
                        "description",
                        origin, error.what()));
    }
}

/// Reads one JSON object and refuses what it does not know.
class ObjectReader
{
  public:
    ObjectReader(Json const& object, std::string const& origin, std::string label)
        : object_(object), origin_(origin), label_(std::move(label))
    {
        if (!object.is_object())
        {
            refuse("is not an object");
        }
    }

    template <class T>
    T read(char const* key, T absent)
    {
        known_.insert(key);
        return object_.contains(key) ? read<T>(key) : absent;
    }

    template <class T>
    T read(char const* key)
    {
        known_.insert(key);
        if (!object_.contains(key))
        {
            refuse(fmt::format("has no {}", key));
        }
        try
        {
            return object_.at(key).get<T>();
        }
        catch (Json::exception const&)
        {
            refuse(fmt::format("{} = {}: not a value of that kind", key, object_.at(key).dump()));
        }
    }

    bool contains(char const* key) const { return object_.contains(key); }
    Json const& at(char const* key)
    {
        known_.insert(key);
        return object_.at(key);
    }

    std::int64_t read_count(char const* key, std::int64_t absent, std::int64_t least)
    {
        auto const value = read<std::int64_t>(key, absent);
        if (value < least || value > largest_extent)
        {
            refuse(fmt::format("{} = {}: must be at least {} and at most {}", key, value, least,
                               largest_extent));
        }
        return value;
    }

    /// [channels] or [channels, height, width].
    Shape read_shape(char const* key)
    {
        auto const extents = read<std::vector<std::int64_t>>(key);
        bool fits = extents.size() == 1 || extents.size() == 3;
        for (std::int64_t const extent : extents)
        {
            fits = fits && extent >= 1 && extent <= largest_extent;
        }
        if (!fits)
        {
            refuse(fmt::format("{} = {}: must be [channels] or [channels, height, width]", key,
                               object_.at(key).dump()));
        }
        return extents.size() == 1 ? Shape{extents[0]} : Shape{extents[0], extents[1], extents[2]};
    }

    void refuse_unknown() const
    {
        for (auto const& [key, value] : object_.items())
        {
            if (!known_.contains(key))
            {
                refuse(fmt::format("has the unknown key {}", key));
            }
        }
    }

    [[noreturn]] void refuse(std::string const& why) const
    {
        throw InputError(fmt::format("{}: layer {}: {}", origin_, label_, why));
    }

  private:
    Json const& object_;
    std::string const& origin_;
    std::string label_;
    std::set<std::string> known_;
};

BatchNorm parse_batch_norm(Json const& object, std::string const& origin, std::string const& label)
{
    ObjectReader reader(object, origin, label + ", batch_norm");
    BatchNorm norm{reader.read<std::string>("name"), reader.read<double>("epsilon", 1e-5)};
    reader.refuse_unknown();
    return norm;
}

LayerSpec parse_layer(Json const& object, Shape const& input, std::string const& origin,
                      std::size_t number)
{
    std::string const label = fmt::format("{}", number);
    ObjectReader reader(object, origin, label);
    LayerSpec layer;
    layer.kind = kind_of(layer_kind_table, reader.read<std::string>("kind"),
                         fmt::format("{}: layer {}: kind", origin, label));
    layer.input = input;
    layer.output = reader.read_shape("output");
    layer.name =
        has_weight(layer) ? reader.read<std::string>("name") : reader.read<std::string>("name", "");
    layer.stride = reader.read_count("stride", 1, 1);
    if (is_convolution(layer))
    {
        layer.kernel = reader.read_count("kernel", 1, 1);
        layer.padding = reader.read_count("padding", 0, 0);
    }
    if (has_weight(layer))
    {
        layer.bias = reader.read<bool>("bias", true) ? Bias::trained : Bias::none;
    }
    if (reader.contains("batch_norm"))
    {
        layer.batch_norm = parse_batch_norm(reader.at("batch_norm"), origin, label);
    }
    layer.activation = kind_of(activation_table, reader.read<std::string>("activation", "none"),
                               fmt::format("{}: layer {}: activation", origin, label));
    if (layer.activation == Activation::leaky_relu)
    {
        layer.slope = reader.read<double>("slope");
    }
    reader.refuse_unknown();
    return layer;
}

Json shape_json(Shape const& shape)
{
    return shape.is_vector() ? Json::array({shape.channels})
                             : Json::array({shape.channels, shape.height, shape.width});
}

Json layer_json(LayerSpec const& layer)
{
    Json json;
    json["kind"] = name_of(layer_kind_table, layer.kind);
    if (!layer.name.empty())
    {
        json["name"] = layer.name;
    }
    json["output"] = shape_json(layer.output);
    if (is_convolution(layer))
    {
        json["kernel"] = layer.kernel;
        json["padding"] = layer.padding;
    }
    if (is_convolution(layer) || layer.kind == LayerKind::upsample)
    {
        json["stride"] = layer.stride;
    }
    if (has_weight(layer) && layer.bias == Bias::none)
    {
        json["bias"] = false;
    }
    if (layer.batch_norm)
    {
        json["batch_norm"] = {{"name", layer.batch_norm->name},
                              {"epsilon", layer.batch_norm->epsilon}};
    }
    if (layer.activation != Activation::none)
    {
        json["activation"] = name_of(activation_table, layer.activation);
    }
    if (layer.activation == Activation::leaky_relu)
    {
        json["slope"] = layer.slope;
    }
    return json;
}

}  // namespace

NetworkSpec parse_network(std::string const& text, std::string const& origin)
{
    Json const json = parse_json(text, origin);
    bool const fits = json.is_object() && json.contains("input") && json.contains("layers") &&
                      json["input"].is_number_integer() && json["layers"].is_array() &&
                      json["input"] >= 1 && json["input"] <= largest_extent;
    if (!fits)
    {
        throw InputError(fmt::format(
            "{}: a network's description needs \"input\", the latent's dimension, and a list "
            "\"layers\"",
            origin));
    }
    NetworkSpec network;
    Shape shape{json["input"].get<std::int64_t>()};
    for (Json const& layer : json["layers"])
    {
        network.push_back(parse_layer(layer, shape, origin, network.size()));
        shape = network.back().output;
    }
    require_valid(network, origin);
    return network;
}

std::string network_text(NetworkSpec const& network)
{
    EXPECT(!network.empty());
    Json json;
    json["input"] = network.front().input.size();
    json["layers"] = Json::array();
    for (LayerSpec const& layer : network)
    {
        json["layers"].push_back(layer_json(layer));
    }
    return json.dump();
}

}  // namespace surf
