#include "hdf5/transfer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <new>

#include "base/contract.hpp"
#include "base/name_table.hpp"

namespace surf::h5
{

namespace
{

/// The library's identifier of a numeric type.
hid_t numeric_type(Type type)
{
    switch (type)
    {
        case Type::int8:
            return H5T_NATIVE_INT8;
        case Type::uint8:
            return H5T_NATIVE_UINT8;
        case Type::int32:
            return H5T_NATIVE_INT32;
        case Type::int64:
            return H5T_NATIVE_INT64;
        case Type::uint64:
            return H5T_NATIVE_UINT64;
        case Type::float32:
            return H5T_NATIVE_FLOAT;
        case Type::float64:
            return H5T_NATIVE_DOUBLE;
        case Type::string:
        case Type::text:
        case Type::other:
            break;
    }
    EXPECT(!"type is numeric");
    return H5T_NATIVE_DOUBLE;
}

}  // namespace

std::int64_t element_count(Shape const& shape)
{
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (std::ranges::find(shape, 0) != shape.end())
    {
        return 0;
    }
    std::int64_t count = 1;
    for (std::int64_t const extent : shape)
    {
        // Negative: HDF5 counts without a sign.
        count = extent < 0 || count > most / extent ? most : count * extent;
    }
    return count;
}

std::string to_string(Layout const& layout)
{
    std::string const name(name_of(type_table, layout.type));
    return layout.shape.empty() ? name : fmt::format("{} [{}]", name, fmt::join(layout.shape, ","));
}

Handle stored_type(Type type)
{
    Handle copy(H5Tcopy(type == Type::string ? H5T_C_S1 : numeric_type(type)));
    if (copy.get() < 0 || (type == Type::string && (H5Tset_size(copy.get(), H5T_VARIABLE) < 0 ||
                                                    H5Tset_cset(copy.get(), H5T_CSET_UTF8) < 0)))
    {
        throw std::bad_alloc();
    }
    return copy;
}

Handle text_type(std::size_t size)
{
    EXPECT(size > 0);
    Handle copy(H5Tcopy(H5T_C_S1));
    if (copy.get() < 0 || H5Tset_size(copy.get(), size) < 0 ||
        H5Tset_strpad(copy.get(), H5T_STR_NULLPAD) < 0 ||
        H5Tset_cset(copy.get(), H5T_CSET_UTF8) < 0)
    {
        throw std::bad_alloc();
    }
    return copy;
}

Type type_from(hid_t hdf5_type)
{
    if (H5Tis_variable_str(hdf5_type) > 0)
    {
        return Type::string;
    }
    if (H5Tget_class(hdf5_type) == H5T_STRING)
    {
        return Type::text;
    }
    for (TypeEntry const& entry : type_table)
    {
        if (entry.kind < Type::string && H5Tequal(hdf5_type, numeric_type(entry.kind)) > 0)
        {
            return entry.kind;
        }
    }
    return Type::other;
}

Handle create_space(Shape const& shape)
{
    std::vector<hsize_t> const extents(shape.begin(), shape.end());
    Handle space(shape.empty()
                     ? H5Screate(H5S_SCALAR)
                     : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr));
    if (space.get() < 0)
    {
        throw std::bad_alloc();
    }
    return space;
}

Shape shape_of(hid_t space)
{
    std::vector<hsize_t> extents(
        static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space), 0)));
    H5Sget_simple_extent_dims(space, extents.data(), nullptr);
    return Shape(extents.begin(), extents.end());
}

}  // namespace surf::h5
