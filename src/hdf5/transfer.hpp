#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/contract.hpp"
#include "hdf5/call.hpp"
#include "hdf5/types.hpp"

/// For the sources of this folder only: element types and buffers as the HDF5 library wants them.
namespace surf::h5
{

/// The type in the file and, but for strings, in memory.
Handle stored_type(Type type);
/// That of texts of at most `size` bytes.
Handle text_type(std::size_t size);
/// The stored type that an HDF5 type is.
Type type_from(hid_t hdf5_type);

Handle create_space(Shape const& shape);
Shape shape_of(hid_t space);

/// Calls write(buffer) with the values as the library takes them. A text that is too long for its
/// type is a contract violation.
template <Element T, class Write>
herr_t with_values(std::span<T const> values, hid_t type, Write write)
{
    if constexpr (std::is_same_v<T, std::string>)
    {
        if (type_from(type) == Type::text)
        {
            std::size_t const size = H5Tget_size(type);
            std::string texts(values.size() * size, '\0');
            for (std::size_t i = 0; i < values.size(); ++i)
            {
                EXPECT(values[i].size() <= size);
                values[i].copy(&texts[i * size], size);
            }
            return write(static_cast<void const*>(texts.data()));
        }
        std::vector<char const*> pointers(values.size());
        std::transform(values.begin(), values.end(), pointers.begin(),
                       [](std::string const& value) { return value.c_str(); });
        return write(static_cast<void const*>(pointers.data()));
    }
    else
    {
        static_cast<void>(type);
        return write(static_cast<void const*>(values.data()));
    }
}

/// Calls read(buffer) and takes the values from there; `space` is what is read.
template <Element T, class Read>
herr_t into_values(std::span<T> values, hid_t type, hid_t space, Read read)
{
    if constexpr (std::is_same_v<T, std::string>)
    {
        if (type_from(type) == Type::text)
        {
            std::size_t const size = H5Tget_size(type);
            std::string texts(values.size() * size, '\0');
            herr_t const status = read(static_cast<void*>(texts.data()));
            for (std::size_t i = 0; i < values.size(); ++i)
            {
                values[i] = texts.substr(i * size, size);
                values[i].resize(std::min(values[i].find('\0'), size));
            }
            return status;
        }
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
