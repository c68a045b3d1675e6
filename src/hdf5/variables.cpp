#include "hdf5/variables.hpp"

#include <numeric>

namespace surf::h5
{
namespace
{

void describe(Dataset& dataset, std::string const& long_name)
{
    dataset.set_attribute("units", "1");
    dataset.set_attribute("long_name", long_name);
}

void add_attributes(Group group, std::map<std::string, std::string> const& attributes)
{
    for (auto const& [key, value] : attributes)
    {
        group.set_attribute(key, value);
    }
}

}  // namespace

template <Element T>
Dataset add_coordinate(Group& root, std::string const& name, std::string const& long_name,
                       std::span<T const> values)
{
    Dataset coordinate = root.create_coordinate<T>(name, values);
    describe(coordinate, long_name);
    return coordinate;
}

Dataset add_numbers(Group& root, std::string const& name, std::string const& long_name,
                    std::int64_t count)
{
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    return add_coordinate<std::int64_t>(root, name, long_name, numbers);
}

template <Element T>
void add_variable(Group& root, std::string const& name, std::string const& long_name,
                  std::initializer_list<Dataset const*> dimensions, std::span<T const> values,
                  Shape chunk)
{
    Shape shape;
    for (Dataset const* const dimension : dimensions)
    {
        shape.push_back(dimension->shape().front());
    }
    Dataset dataset =
        root.create_dataset(name, {.type = type_of<T>, .shape = shape, .chunk = std::move(chunk)});
    describe(dataset, long_name);
    std::size_t position = 0;
    for (Dataset const* const dimension : dimensions)
    {
        dataset.attach_scale(position++, *dimension);
    }
    dataset.write<T>(values);
}

void add_origin(Group& root, CanonicalText const& configuration,
                std::map<std::string, std::string> const& provenance)
{
    add_attributes(root.create_group("configuration"), configuration.entries());
    add_attributes(root.create_group("provenance"), provenance);
}

#define SURF_INSTANTIATE(T)                                                                  \
    template Dataset add_coordinate<T>(Group&, std::string const&, std::string const&,       \
                                       std::span<T const>);                                  \
    template void add_variable<T>(Group&, std::string const&, std::string const&,            \
                                  std::initializer_list<Dataset const*>, std::span<T const>, \
                                  Shape);
SURF_INSTANTIATE(std::int64_t)
SURF_INSTANTIATE(float)
SURF_INSTANTIATE(double)
SURF_INSTANTIATE(std::string)
#undef SURF_INSTANTIATE

}  // namespace surf::h5
