#include "hdf5/seal.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "base/error.hpp"
#include "base/id.hpp"

namespace surf::h5
{
namespace fs = std::filesystem;

namespace
{

constexpr std::string_view mark = "\nsurf_sweep seal ";
constexpr std::size_t hash_digits = 32;
constexpr std::size_t size_digits = 12;

/// "\nsurf_sweep seal <bytes of the list> <its hash>\n"
constexpr std::size_t footer_size = mark.size() + size_digits + 1 + hash_digits + 1;

/// What stands before the footer, a line each: "<offset> <bytes> <hash>" of the large ranges, then
/// "0 <bytes of the HDF5 file> <hash of the others>".
struct Line
{
    ByteRange bytes;
    std::string hash;

    std::string text() const { return fmt::format("{} {} {}\n", bytes.offset, bytes.size, hash); }
};

struct Seal
{
    std::vector<Line> large;
    Line rest;

    std::string text() const
    {
        std::string list;
        for (Line const& line : large)
        {
            list += line.text();
        }
        list += rest.text();
        return list + footer(list);
    }

    static std::string footer(std::string const& list)
    {
        return fmt::format("{}{:0{}} {}\n", mark, list.size(), size_digits, hash128_hex(list));
    }
};

std::ifstream open_bytes(fs::path const& path)
{
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
    {
        throw EnvironmentError(
            fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
    }
    return stream;
}

/// Of the file that is open, whatever has its name by now.
std::uint64_t size_of(std::ifstream& stream)
{
    stream.seekg(0, std::ios::end);
    return static_cast<std::uint64_t>(stream.tellg());
}

/// XXH3-128 of these bytes of a file, one range after the other; empty if it ends before. Throws
/// EnvironmentError if they cannot be read.
std::string hash_of(std::ifstream& stream, std::vector<ByteRange> const& ranges,
                    fs::path const& path)
{
    constexpr std::uint64_t at_a_time = 1 << 20;
    std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> const state(XXH3_createState(),
                                                                         &XXH3_freeState);
    XXH3_128bits_reset(state.get());
    std::vector<char> buffer;
    for (ByteRange const& range : ranges)
    {
        buffer.resize(std::max(buffer.size(), std::min(range.size, at_a_time)));
        stream.seekg(static_cast<std::streamoff>(range.offset));
        for (std::uint64_t left = range.size; left > 0;)
        {
            std::uint64_t const count = std::min(left, at_a_time);
            errno = 0;
            if (!stream.read(buffer.data(), static_cast<std::streamsize>(count)))
            {
                if (stream.bad() || errno != 0)
                {
                    throw EnvironmentError(
                        fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
                }
                return {};
            }
            XXH3_128bits_update(state.get(), buffer.data(), count);
            left -= count;
        }
    }
    XXH128_hash_t const hash = XXH3_128bits_digest(state.get());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

/// What of the first `size` bytes lies between the ranges, which are in order.
std::vector<ByteRange> between(std::vector<Line> const& ranges, std::uint64_t size)
{
    std::vector<ByteRange> others;
    std::uint64_t begin = 0;
    for (Line const& range : ranges)
    {
        others.push_back({begin, range.bytes.offset - begin});
        begin = range.bytes.end();
    }
    others.push_back({begin, size - begin});
    return others;
}

/// The seal's text at the end of a file of this size, if there is one.
std::optional<std::string> find_seal(std::ifstream& stream, std::uint64_t file_size)
{
    auto const tail = [&](std::uint64_t size) -> std::optional<std::string> {
        if (size > file_size)
        {
            return std::nullopt;
        }
        std::string text(size, '\0');
        stream.seekg(static_cast<std::streamoff>(file_size - size));
        return stream.read(text.data(), static_cast<std::streamsize>(size))
                   ? std::optional(std::move(text))
                   : std::nullopt;
    };
    auto const footer = tail(footer_size);
    if (!footer || !footer->starts_with(mark))
    {
        return std::nullopt;
    }
    std::string const size = footer->substr(mark.size(), size_digits);
    bool const is_number = size.find_first_not_of("0123456789") == std::string::npos;
    return is_number ? tail(std::stoull(size) + footer_size) : std::nullopt;
}

/// Where a file ends by HDF5's superblock of version 2 or 3, as surf_sweep's files have; 0 if it
/// has another. HDF5 File Format Specification, II.A.
std::uint64_t end_by_superblock(std::ifstream& stream)
{
    constexpr std::size_t version_at = 8;
    constexpr std::size_t end_at = 28;
    std::array<unsigned char, end_at + 8> bytes = {};
    stream.clear();
    stream.seekg(0);
    stream.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
    bool const is_known = stream && (bytes[version_at] == 2 || bytes[version_at] == 3);
    stream.clear();
    std::uint64_t end = 0;
    for (std::size_t i = 8; is_known && i-- > 0;)
    {
        end = end << 8 | bytes[end_at + i];
    }
    return end;
}

/// Of a text that find_seal() found; nothing if it is not as it was written.
std::optional<Seal> read_seal(std::string const& text)
{
    std::string const list = text.substr(0, text.size() - footer_size);
    if (text != list + Seal::footer(list))
    {
        return std::nullopt;
    }
    Seal seal;
    std::istringstream stream(list);
    for (Line line; stream >> line.bytes.offset >> line.bytes.size >> line.hash;)
    {
        seal.large.push_back(line);
    }
    if (seal.large.empty())
    {
        return std::nullopt;
    }
    seal.rest = seal.large.back();
    seal.large.pop_back();
    return seal;
}

[[noreturn]] void fail(fs::path const& path, std::string_view reason)
{
    throw FileError(fmt::format("{} {}", path.string(), reason));
}

}  // namespace

void seal(fs::path const& path, std::vector<ByteRange> const& large)
{
    Seal made;
    std::ifstream stream = open_bytes(path);
    made.rest.bytes.size = size_of(stream);
    for (ByteRange const& range : large)
    {
        made.large.push_back({range, hash_of(stream, {range}, path)});
    }
    made.rest.hash = hash_of(stream, between(made.large, made.rest.bytes.size), path);
    std::ofstream end(path, std::ios::binary | std::ios::app);
    end << made.text();
    end.close();
    if (!end)
    {
        throw EnvironmentError(fmt::format("cannot write {}: {}; check the disk's space",
                                           path.string(), std::strerror(errno)));
    }
}

void check_seal(fs::path const& path, SealCheck check)
{
    constexpr char const* is_damaged =
        "is damaged (its bytes are not those that were written) remove it and run again";
    std::ifstream stream = open_bytes(path);
    std::uint64_t const file_size = size_of(stream);
    auto const text = find_seal(stream, file_size);
    if (!text && end_by_superblock(stream) == file_size)
    {
        throw EnvironmentError(fmt::format(
            "{} has no seal (an older surf_sweep or another program wrote it) if it is worth "
            "keeping, seal it: python analysis seal FILE; otherwise remove it",
            path.string()));
    }
    if (!text)
    {
        fail(path,
             "has no seal at its end (it was cut short, or surf_sweep did not write it) remove it "
             "and run again");
    }
    auto const sealed = read_seal(*text);
    if (!sealed || sealed->rest.bytes.size + text->size() != file_size)
    {
        fail(path, is_damaged);
    }
    if (hash_of(stream, between(sealed->large, sealed->rest.bytes.size), path) != sealed->rest.hash)
    {
        fail(path, is_damaged);
    }
    for (Line const& range : sealed->large)
    {
        if (check == SealCheck::everything && hash_of(stream, {range.bytes}, path) != range.hash)
        {
            fail(path, is_damaged);
        }
    }
}

bool is_sealed(fs::path const& path)
{
    std::ifstream stream = open_bytes(path);
    return find_seal(stream, size_of(stream)).has_value();
}

}  // namespace surf::h5
