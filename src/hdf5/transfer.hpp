#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "hdf5/call.hpp"
#include "hdf5/types.hpp"

/// For the sources of this folder only: element types and buffers as the HDF5 library wants them.
namespace surf::h5
{

/// The type in the file and, but for strings, in memory.
Handle stored_type(Type type);
/// The stored type that an HDF5 type is.
Type type_from(hid_t hdf5_type);

Handle create_space(Shape const& shape);
Shape shape_of(hid_t space);

/// Calls write(buffer) with the values as the library takes them.
template <Element T, class Write>
herr_t with_values(std::span<T const> values, Write write)
{
    if constexpr (std::is_same_v<T, std::string>)
    {
        std::vector<char const*> pointers(values.size());
        std::transform(values.begin(), values.end(), pointers.begin(),
                       [](std::string const& value) { return value.c_str(); });
        return write(static_cast<void const*>(pointers.data()));
    }
    else
    {
        return write(static_cast<void const*>(values.data()));
    }
}

/// Calls read(buffer) and takes the values from there; `space` is what is read.
template <Element T, class Read>
herr_t into_values(std::span<T> values, hid_t type, hid_t space, Read read)
{
    if constexpr (std::is_same_v<T, std::string>)
    {
        std::vector<char*> pointers(values.size());
        herr_t const status = read(static_cast<void*>(pointers.data()));
        if (status >= 0)
        {
            std::transform(pointers.begin(), pointers.end(), values.begin(),
                           [](char const* text) { return std::string(text ? text : ""); });
            H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
        }
        return status;
    }
    else
    {
        static_cast<void>(type);
        static_cast<void>(space);
        return read(static_cast<void*>(values.data()));
    }
}

}  // namespace surf::h5

/// Instantiates a macro for every element type.
#define SURF_H5_FOR_EACH_ELEMENT(INSTANTIATE) \
    INSTANTIATE(std::int8_t)                  \
    INSTANTIATE(std::uint8_t)                 \
    INSTANTIATE(std::int32_t)                 \
    INSTANTIATE(std::int64_t)                 \
    INSTANTIATE(std::uint64_t)                \
    INSTANTIATE(float)                        \
    INSTANTIATE(double)                       \
    INSTANTIATE(std::string)
