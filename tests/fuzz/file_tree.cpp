#include "fuzz/file_tree.hpp"

#include <algorithm>
#include <cstring>
#include <map>

namespace surf::fuzz
{
namespace
{

/// Calls use(T{}) with the C++ type of a stored one.
template <class Use>
void with_type(h5::Type type, Use use)
{
    switch (type)
    {
        case h5::Type::int8:
            return use(std::int8_t{});
        case h5::Type::uint8:
            return use(std::uint8_t{});
        case h5::Type::int32:
            return use(std::int32_t{});
        case h5::Type::int64:
            return use(std::int64_t{});
        case h5::Type::uint64:
            return use(std::uint64_t{});
        case h5::Type::float32:
            return use(float{});
        case h5::Type::float64:
            return use(double{});
        case h5::Type::string:
        case h5::Type::text:
        case h5::Type::other:
            return use(std::string{});
    }
}

std::vector<Item> read_attributes(h5::Object const& object)
{
    std::vector<Item> attributes;
    for (std::string const& name : object.attribute_names())
    {
        h5::Layout const layout = object.attribute_layout(name);
        with_type(layout.type, [&]<class T>(T) {
            attributes.push_back({name, layout.shape,
                                  layout.shape.empty() ? std::vector<T>{object.attribute<T>(name)}
                                                       : object.attribute_list<T>(name)});
        });
    }
    return attributes;
}

Node read_dataset(std::string const& name, h5::Dataset const& dataset)
{
    Node node{.item = {name, dataset.shape()}, .kind = h5::ChildKind::dataset};
    node.type = dataset.layout().type;
    with_type(node.type, [&]<class T>(T) { node.item.values = dataset.read<T>(); });
    node.attributes = read_attributes(dataset);
    node.dimensions = dataset.dimension_names();
    return node;
}

Node read_group(std::string const& name, h5::Group const& group)
{
    Node node{.item = {name}};
    node.attributes = read_attributes(group);
    for (h5::Child const& child : group.children())
    {
        node.children.push_back(child.kind == h5::ChildKind::group
                                    ? read_group(child.name, group.group(child.name))
                                    : read_dataset(child.name, group.dataset(child.name)));
    }
    return node;
}

// --- Writing ---

/// By name. Those of our files are all in the root.
using Scales = std::map<std::string, h5::Dataset>;

void write_attributes(h5::Object& object, Node const& node)
{
    for (Item const& attribute : node.attributes)
    {
        auto const write = [&](auto const& values) {
            if (attribute.shape.empty() && values.size() == 1)
            {
                object.set_attribute(attribute.name, values.front());
            }
            else
            {
                object.set_attribute(attribute.name, values);
            }
        };
        if (!attribute.is_dropped && !object.has_attribute(attribute.name))
        {
            std::visit(write, attribute.values);
        }
    }
}

template <class T>
h5::DatasetSpec spec_of(Node const& node, std::vector<T> const& values)
{
    h5::DatasetSpec spec{.type = h5::type_of<T>, .shape = node.item.shape};
    if constexpr (std::is_same_v<T, std::string>)
    {
        spec.type = node.type == h5::Type::text ? h5::Type::text : h5::Type::string;
        for (std::string const& value : values)
        {
            spec.text_size = std::max(spec.text_size, value.size());
        }
        spec.text_size = std::max<std::size_t>(spec.text_size, 1);
    }
    return spec;
}

void write_dataset(h5::Group& group, Node const& node, Scales& scales)
{
    std::string const& name = node.item.name;
    h5::Shape const& shape = node.item.shape;
    auto const write = [&]<class T>(std::vector<T> const& numbers) {
        h5::Dataset dataset = group.create_dataset(name, spec_of(node, numbers));
        if (h5::element_count(shape) == std::ssize(numbers))
        {
            dataset.write<T>(numbers);
        }
        write_attributes(dataset, node);
        bool const is_scale = node.dimensions == std::vector{name} && !scales.contains(name);
        std::size_t const dimensions =
            is_scale ? 0 : std::min(node.dimensions.size(), shape.size());
        for (std::size_t i = 0; i < dimensions; ++i)
        {
            if (auto const scale = scales.find(node.dimensions[i]); scale != scales.end())
            {
                dataset.attach_scale(i, scale->second);
            }
        }
        if (is_scale)
        {
            dataset.make_scale(name);
            scales.emplace(name, std::move(dataset));
        }
    };
    std::visit(write, node.item.values);
}

void write_group(h5::Group& group, Node const& node, Scales& scales)
{
    write_attributes(group, node);
    for (Node const& child : node.children)
    {
        if (child.item.is_dropped || group.exists(child.item.name))
        {
            continue;
        }
        if (child.kind == h5::ChildKind::group)
        {
            h5::Group made = group.create_group(child.item.name);
            write_group(made, child, scales);
        }
        else
        {
            write_dataset(group, child, scales);
        }
    }
}

// --- Altering ---

/// What an input is made of: one change of one item.
struct Change
{
    std::uint16_t item = 0;
    std::uint16_t place = 0;  ///< of a value, a letter or an extent
    std::uint8_t kind = 0;
    std::int64_t number = 0;

    static constexpr std::size_t size = 13;

    explicit Change(Bytes bytes)
    {
        std::memcpy(&item, bytes.data(), 2);
        std::memcpy(&place, bytes.data() + 2, 2);
        std::memcpy(&kind, bytes.data() + 4, 1);
        std::memcpy(&number, bytes.data() + 5, 8);
    }
};

std::vector<Item*> items_of(Node& node)
{
    std::vector<Item*> items = {&node.item};
    for (Item& attribute : node.attributes)
    {
        items.push_back(&attribute);
    }
    for (Node& child : node.children)
    {
        std::ranges::copy(items_of(child), std::back_inserter(items));
    }
    return items;
}

void alter_text(std::string& text, Change const& change)
{
    std::size_t const place = change.place % (text.size() + 1);
    auto const letter = static_cast<char>(change.number);
    switch (change.number >> 8 & 3)
    {
        case 0:
            text.resize(place);
            break;
        case 1:
            text.insert(place, 1, letter);
            break;
        case 2:
            text.erase(0, place);
            break;
        default:
            text.replace(place, 1, 1, letter);
    }
}

void alter_value(Values& values, Change const& change)
{
    auto const alter = [&]<class T>(std::vector<T>& list) {
        if (list.empty())
        {
            return;
        }
        T& value = list[change.place % list.size()];
        if constexpr (std::is_same_v<T, std::string>)
        {
            alter_text(value, change);
        }
        else
        {
            std::memcpy(&value, &change.number, sizeof value);
        }
    };
    std::visit(alter, values);
}

void alter_shape(h5::Shape& shape, Change const& change)
{
    constexpr std::int64_t largest = std::int64_t{1} << 60;
    std::int64_t const extent = change.number & (largest - 1);
    if (change.place % 8 == 7 || shape.empty())
    {
        shape.push_back(extent);
    }
    else if (change.place % 8 == 6)
    {
        shape.pop_back();
    }
    else
    {
        shape[change.place % 8 % shape.size()] = extent;
    }
}

void alter(Item& item, Change const& change)
{
    constexpr std::size_t most_values = 64;  // of another type, or of an attribute
    switch (change.kind % 5)
    {
        case 0:
            item.is_dropped = true;
            break;
        case 1:
            alter_text(item.name, change);
            break;
        case 2:
            with_type(static_cast<h5::Type>(change.place % 8), [&]<class T>(T) {
                item.values = std::vector<T>(static_cast<std::size_t>(change.number) % most_values);
            });
            break;
        case 3:
            alter_shape(item.shape, change);
            break;
        default:
            alter_value(item.values, change);
    }
}

}  // namespace

FileTree::FileTree(std::filesystem::path const& path)
{
    h5::FileReader const file(path);
    type_ = file.root().attribute<std::string>("filetype");
    auto const version = file.root().attribute<std::string>("schema_version");
    version_ = {std::stoll(version), std::stoll(version.substr(version.find('.') + 1))};
    root_ = read_group("/", file.root());
}

bool FileTree::write_altered(std::filesystem::path const& path, Bytes input) const
{
    Node root = root_;
    std::vector<Item*> const items = items_of(root);
    constexpr std::size_t most_changes = 8;  // more leave nothing to read
    input = input.first(std::min(input.size(), most_changes * Change::size));
    for (; input.size() >= Change::size; input = input.subspan(Change::size))
    {
        Change const change(input);
        alter(*items[change.item % items.size()], change);
    }
    try
    {
        h5::FileWriter file(path, {type_, version_.first, version_.second});
        Scales scales;
        write_group(file.root(), root, scales);
        file.publish();
    }
    catch (EnvironmentError const&)
    {
        return false;
    }
    return true;
}

}  // namespace surf::fuzz
