#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace surf::h5
{

/// Extents of an array, slowest dimension first; empty for a scalar.
using Shape = std::vector<std::int64_t>;

/// Element types as stored: numbers in the machine's byte order and UTF-8 strings.
enum class Type
{
    int8,
    uint8,
    int32,
    int64,
    uint64,
    float32,
    float64,
    string,  ///< of variable length
    text,    ///< of one length in a dataset, filled up with zero bytes
    other,   ///< nothing that this program writes
};

struct TypeEntry
{
    Type kind;
    std::string_view name;
};

/// The names that schemas and error texts use.
inline constexpr std::array type_table = {
    TypeEntry{Type::int8, "int8"},       TypeEntry{Type::uint8, "uint8"},
    TypeEntry{Type::int32, "int32"},     TypeEntry{Type::int64, "int64"},
    TypeEntry{Type::uint64, "uint64"},   TypeEntry{Type::float32, "float32"},
    TypeEntry{Type::float64, "float64"}, TypeEntry{Type::string, "string"},
    TypeEntry{Type::text, "text"},       TypeEntry{Type::other, "other"},
};

/// The stored type of a C++ type; Type::other if there is none. A string can be a text as well.
template <class T>
inline constexpr Type type_of = std::is_same_v<T, std::int8_t>     ? Type::int8
                                : std::is_same_v<T, std::uint8_t>  ? Type::uint8
                                : std::is_same_v<T, std::int32_t>  ? Type::int32
                                : std::is_same_v<T, std::int64_t>  ? Type::int64
                                : std::is_same_v<T, std::uint64_t> ? Type::uint64
                                : std::is_same_v<T, float>         ? Type::float32
                                : std::is_same_v<T, double>        ? Type::float64
                                : std::is_same_v<T, std::string>   ? Type::string
                                                                   : Type::other;

/// What an element of a dataset or an attribute can be.
template <class T>
concept Element = type_of<T>
!= Type::other;

/// Element type and extents of a dataset or an attribute.
struct Layout
{
    Type type = Type::other;
    Shape shape;

    friend bool operator==(Layout const&, Layout const&) = default;
};

/// Number of elements, or the largest number that there is: a damaged file may say any extents.
std::int64_t element_count(Shape const& shape);
/// "int64 [101]", "float64" for a scalar.
std::string to_string(Layout const& layout);

}  // namespace surf::h5
