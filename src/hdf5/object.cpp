#include "hdf5/object.hpp"

#include <fmt/format.h>

#include <set>

#include "base/error.hpp"
#include "hdf5/transfer.hpp"

namespace surf::h5
{

namespace
{

extern "C" herr_t append_attribute(hid_t /*object*/, char const* name, H5A_info_t const* /*info*/,
                                   void* data)
{
    static std::set<std::string> const of_scales = {"CLASS", "NAME", "DIMENSION_LIST",
                                                    "REFERENCE_LIST"};
    if (!of_scales.contains(name))
    {
        static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    }
    return 0;
}

Handle open_attribute(hid_t object, std::string const& name)
{
    return Handle(check(H5Aopen(object, name.c_str(), H5P_DEFAULT), object,
                        fmt::format("open attribute {} of", name)));
}

Layout layout_of(hid_t attribute)
{
    Handle const type(check(H5Aget_type(attribute), attribute, "read an attribute's type of"));
    Handle const space(check(H5Aget_space(attribute), attribute, "read an attribute's shape of"));
    return {type_from(type.get()), shape_of(space.get())};
}

}  // namespace

bool Object::has_attribute(std::string const& name) const
{
    LibraryLock const lock;
    return check(H5Aexists(id(), name.c_str()), id(), "look for attributes of") > 0;
}

std::vector<std::string> Object::attribute_names() const
{
    LibraryLock const lock;
    std::vector<std::string> names;
    check(H5Aiterate2(id(), H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, append_attribute, &names),
          id(), "list the attributes of");
    return names;
}

Layout Object::attribute_layout(std::string const& name) const
{
    LibraryLock const lock;
    return layout_of(open_attribute(id(), name).get());
}

template <Element T>
void Object::write_attribute(std::string const& name, Shape const& shape, std::span<T const> values)
{
    LibraryLock const lock;
    std::string const action = fmt::format("write attribute {} of", name);
    Handle const type = stored_type(type_of<T>);
    Handle const space = create_space(shape);
    Handle const attribute(
        check(H5Acreate2(id(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT),
              id(), action));
    if (!values.empty())
    {
        auto const write = [&](void const* buffer) {
            return H5Awrite(attribute.get(), type.get(), buffer);
        };
        check(with_values(values, type.get(), write), id(), action);
    }
}

template <Element T>
std::vector<T> Object::read_attribute(std::string const& name, Shape const& shape) const
{
    LibraryLock const lock;
    std::string const action = fmt::format("read attribute {} of", name);
    Handle const attribute = open_attribute(id(), name);
    Layout const layout = layout_of(attribute.get());
    if (layout.type != type_of<T> || element_count(layout.shape) != element_count(shape))
    {
        fail(id(), fmt::format("take {} for the {} in attribute {} of", to_string(layout),
                               to_string({type_of<T>, {}}), name));
    }
    std::vector<T> values(static_cast<std::size_t>(element_count(shape)));
    if (!values.empty())
    {
        Handle const type = stored_type(layout.type);
        Handle const space = create_space(layout.shape);
        auto const read = [&](void* buffer) {
            return H5Aread(attribute.get(), type.get(), buffer);
        };
        check(into_values(std::span<T>(values), type.get(), space.get(), read), id(), action);
    }
    return values;
}

#define SURF_H5_ATTRIBUTES(T)                                                  \
    template void Object::write_attribute<T>(std::string const&, Shape const&, \
                                             std::span<T const>);              \
    template std::vector<T> Object::read_attribute<T>(std::string const&, Shape const&) const;
SURF_H5_FOR_EACH_ELEMENT(SURF_H5_ATTRIBUTES)

}  // namespace surf::h5
