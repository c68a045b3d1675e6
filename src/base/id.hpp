#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace surf
{

/// XXH3-64 of a run of bytes: checksums of data at rest, keys of random streams.
std::uint64_t hash64(std::span<std::byte const> bytes);
std::uint64_t hash64(std::string_view text);

/// XXH3-128 as 32 hexadecimal digits.
std::string hash128_hex(std::string_view text);

/// "key = value" lines, sorted by key: the same content always gives the same text.
///
/// Everything that affects a result goes in, and nothing else. Numbers are written in the
/// shortest form that reads back to the same value.
class CanonicalText
{
  public:
    CanonicalText& add(std::string const& key, std::string_view value);
    CanonicalText& add(std::string const& key, char const* value);
    CanonicalText& add(std::string const& key, double value);
    CanonicalText& add(std::string const& key, std::int64_t value);
    CanonicalText& add(std::string const& key, std::uint64_t value);
    /// All lines of `other`, each key prefixed with "prefix.".
    CanonicalText& add(std::string const& prefix, CanonicalText const& other);

    std::map<std::string, std::string> const& entries() const { return entries_; }
    std::string text() const;

  private:
    CanonicalText& insert(std::string const& key, std::string value);

    std::map<std::string, std::string> entries_;
};

/// The identity of a stored thing: the 128-bit hash of its canonical text, as 32 hex digits.
/// The tag keeps ids of different things apart at compile time.
template <class Tag>
class Id
{
  public:
    Id() = default;

    static Id of(CanonicalText const& content) { return Id(hash128_hex(content.text())); }
    /// From the hex digits that an earlier hex() gave, as read from a file.
    static Id from_hex(std::string hex) { return Id(std::move(hex)); }

    std::string const& hex() const { return hex_; }
    /// The first 8 digits, for people.
    std::string brief() const { return hex_.substr(0, 8); }

    friend auto operator<=>(Id const&, Id const&) = default;

  private:
    explicit Id(std::string hex) : hex_(std::move(hex)) {}

    std::string hex_;
};

using ChainId = Id<struct ChainTag>;
using CellId = Id<struct CellTag>;
using BlockId = Id<struct BlockTag>;
using PackId = Id<struct PackTag>;
using JobId = Id<struct JobTag>;
using DataId = Id<struct DataTag>;
using SurfaceId = Id<struct SurfaceTag>;
using TheoryId = Id<struct TheoryTag>;

}  // namespace surf
