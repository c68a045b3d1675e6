#include "base/id.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include "base/contract.hpp"

namespace surf
{

std::uint64_t hash64(std::span<std::byte const> bytes)
{
    return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t hash64(std::string_view text)
{
    return XXH3_64bits(text.data(), text.size());
}

std::string hash128_hex(std::string_view text)
{
    XXH128_hash_t const hash = XXH3_128bits(text.data(), text.size());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

CanonicalText& CanonicalText::insert(std::string const& key, std::string value)
{
    EXPECT(!entries_.contains(key));
    EXPECT(value.find('\n') == std::string::npos);
    entries_.emplace(key, std::move(value));
    return *this;
}

CanonicalText& CanonicalText::add(std::string const& key, std::string_view value)
{
    return insert(key, std::string(value));
}

CanonicalText& CanonicalText::add(std::string const& key, char const* value)
{
    return insert(key, value);
}

CanonicalText& CanonicalText::add(std::string const& key, double value)
{
    return insert(key, fmt::format("{}", value));
}

CanonicalText& CanonicalText::add(std::string const& key, std::int64_t value)
{
    return insert(key, fmt::format("{}", value));
}

CanonicalText& CanonicalText::add(std::string const& key, std::uint64_t value)
{
    return insert(key, fmt::format("{}", value));
}

CanonicalText& CanonicalText::add(std::string const& prefix, CanonicalText const& other)
{
    for (auto const& [key, value] : other.entries_)
    {
        insert(prefix + "." + key, value);
    }
    return *this;
}

std::string CanonicalText::text() const
{
    std::string text;
    for (auto const& [key, value] : entries_)
    {
        text += key + " = " + value + "\n";
    }
    return text;
}

}  // namespace surf
