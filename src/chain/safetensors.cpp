#include "chain/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/name_table.hpp"
#include "base/pending_file.hpp"
#include "chain/tensor_check.hpp"

namespace surf::chain
{
namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "numbers are read as they are stored");

namespace
{

constexpr std::size_t length_size = 8;               ///< bytes before the header
constexpr std::uint64_t longest_header = 100 << 20;  ///< of a file that other readers take
constexpr char const* metadata_key = "__metadata__";

float from_half(std::uint16_t bits)
{
    int const exponent = (bits >> 10) & 0x1f;
    int const fraction = bits & 0x3ff;
    float magnitude = 0;
    if (exponent == 0x1f)
    {
        magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                                  : std::numeric_limits<float>::quiet_NaN();
    }
    else if (exponent == 0)
    {
        magnitude = std::ldexp(static_cast<float>(fraction), -24);
    }
    else
    {
        magnitude = std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
    }
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

float from_bfloat(std::uint16_t bits)
{
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

float from_float(float value)
{
    return value;
}

/// Beyond float32's range it is infinite, and refused later as not finite.
float from_double(double value)
{
    return static_cast<float>(value);
}

template <class Stored, float (*Convert)(Stored)>
void decode(std::span<char const> bytes, std::vector<float>& values)
{
    for (std::size_t i = 0; i < values.size(); ++i)
    {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        values[i] = Convert(stored);
    }
}

struct ElementType
{
    std::string_view name;
    std::uint64_t size;  ///< bytes
    /// Null for integers.
    void (*decode)(std::span<char const> bytes, std::vector<float>& values);
};

constexpr std::array element_types = {
    ElementType{"F32", 4, decode<float, from_float>},
    ElementType{"F16", 2, decode<std::uint16_t, from_half>},
    ElementType{"BF16", 2, decode<std::uint16_t, from_bfloat>},
    ElementType{"F64", 8, decode<double, from_double>},
    ElementType{"I8", 1, nullptr},
    ElementType{"I16", 2, nullptr},
    ElementType{"I32", 4, nullptr},
    ElementType{"I64", 8, nullptr},
    ElementType{"U8", 1, nullptr},
    ElementType{"U16", 2, nullptr},
    ElementType{"U32", 4, nullptr},
    ElementType{"U64", 8, nullptr},
};

/// A tensor as the header says it.
struct Entry
{
    std::string name;
    ElementType const* type = nullptr;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0;  ///< bytes from the end of the header
    std::uint64_t end = 0;
};

[[noreturn]] void fail(fs::path const& path, std::string const& problem)
{
    throw FileError(fmt::format("{}: {} (it is no whole safetensors file) save or copy it again",
                                path.string(), problem));
}

std::ifstream open(fs::path const& path)
{
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
    {
        throw EnvironmentError(
            fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
    }
    if (!fs::is_regular_file(path))
    {
        throw FileError(
            fmt::format("{}: is no plain file; name a safetensors file", path.string()));
    }
    return stream;
}

void read_bytes(fs::path const& path, std::ifstream& stream, std::span<char> bytes)
{
    if (!stream.read(bytes.data(), std::ssize(bytes)))
    {
        throw EnvironmentError(
            fmt::format("cannot read {}: {}; check the disk", path.string(), std::strerror(errno)));
    }
}

std::string read_header(fs::path const& path, std::ifstream& stream, std::uint64_t file_size)
{
    std::uint64_t length = 0;
    if (file_size < length_size)
    {
        fail(path, fmt::format("has {} bytes, too few for the header's length", file_size));
    }
    read_bytes(path, stream, {reinterpret_cast<char*>(&length), sizeof length});
    if (length > file_size - length_size)
    {
        fail(path, fmt::format("its header of {} bytes is longer than the file, which has {}",
                               length, file_size));
    }
    if (length > longest_header)
    {
        fail(path, fmt::format("its header has {} bytes, more than {}", length, longest_header));
    }
    std::string text(length, '\0');
    read_bytes(path, stream, text);
    return text;
}

/// Refuses a name that an object has twice: of the two, JSON would keep one.
nlohmann::json parse_header(fs::path const& path, std::string const& text)
{
    using Json = nlohmann::json;
    std::vector<std::set<std::string>> open_objects;
    auto const watch = [&](int, Json::parse_event_t event, Json& parsed) {
        if (event == Json::parse_event_t::object_start)
        {
            open_objects.emplace_back();
        }
        else if (event == Json::parse_event_t::object_end)
        {
            open_objects.pop_back();
        }
        else if (event == Json::parse_event_t::key &&
                 !open_objects.back().insert(parsed.get<std::string>()).second)
        {
            fail(path, fmt::format("its header names {} twice", parsed.get<std::string>()));
        }
        return true;
    };
    try
    {
        Json header = Json::parse(text, watch);
        if (!header.is_object())
        {
            fail(path, "its header is no JSON object");
        }
        return header;
    }
    catch (Json::exception const& error)
    {
        fail(path, fmt::format("its header is not JSON ({})", error.what()));
    }
}

/// A list of whole numbers that are not negative.
std::vector<std::int64_t> read_counts(fs::path const& path, std::string const& name,
                                      nlohmann::json const& entry, char const* key)
{
    std::vector<std::int64_t> counts;
    bool fits = entry.contains(key) && entry[key].is_array();
    if (fits)
    {
        for (nlohmann::json const& count : entry[key])
        {
            fits = fits && count.is_number_unsigned() &&
                   count.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
            counts.push_back(fits ? count.get<std::int64_t>() : 0);
        }
    }
    if (!fits)
    {
        fail_tensor(path, name,
                    fmt::format("has no list {} of whole numbers (the header is damaged) save it "
                                "again",
                                key));
    }
    return counts;
}

ElementType const& read_type(fs::path const& path, std::string const& name,
                             nlohmann::json const& entry)
{
    bool const says = entry.contains("dtype") && entry["dtype"].is_string();
    std::string const dtype = says ? entry["dtype"].get<std::string>() : "none";
    auto const* const type = std::ranges::find(element_types, dtype, &ElementType::name);
    bool const usable =
        type != element_types.end() && (type->decode != nullptr || is_batch_counter(name));
    if (!usable)
    {
        fail_tensor(path, name,
                    fmt::format("has dtype {} (a network needs numbers) save it as F32, F16, BF16 "
                                "or F64, or leave it out",
                                dtype));
    }
    return *type;
}

Entry read_entry(fs::path const& path, std::string const& name, nlohmann::json const& json)
{
    if (!json.is_object())
    {
        fail_tensor(path, name, "is no JSON object in the header (it is damaged) save it again");
    }
    Entry entry{name, &read_type(path, name, json), read_counts(path, name, json, "shape")};
    auto const offsets = read_counts(path, name, json, "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1])
    {
        fail_tensor(path, name, "has no data_offsets [begin, end] (it is damaged) save it again");
    }
    entry.begin = static_cast<std::uint64_t>(offsets[0]);
    entry.end = static_cast<std::uint64_t>(offsets[1]);
    if (byte_count(entry.shape, entry.type->size) != entry.end - entry.begin)
    {
        fail_tensor(
            path, name,
            fmt::format("has {} bytes, which is not its shape [{}] of {} (the header is "
                        "damaged) save it again",
                        entry.end - entry.begin, fmt::join(entry.shape, ", "), entry.type->name));
    }
    return entry;
}

/// The tensors must lie one behind the other and fill the file. Sorts them by place.
void require_full(fs::path const& path, std::vector<Entry>& entries, std::uint64_t data_size)
{
    std::ranges::sort(entries, {}, [](Entry const& e) { return std::pair(e.begin, e.end); });
    std::uint64_t used = 0;
    for (Entry const& entry : entries)
    {
        if (entry.end > data_size)
        {
            fail_tensor(path, entry.name,
                        fmt::format("ends at byte {} of the data, of which there are {} (the file "
                                    "is cut short) save or copy it again",
                                    entry.end, data_size));
        }
        if (entry.begin != used)
        {
            fail_tensor(path, entry.name,
                        fmt::format("begins at byte {} of the data, not at {}, where the one "
                                    "before ends ({}) save it again",
                                    entry.begin, used,
                                    entry.begin < used ? "they overlap" : "there is a hole"));
        }
        used = entry.end;
    }
    if (used != data_size)
    {
        fail(path, fmt::format("has {} bytes of data, but its tensors need {}", data_size, used));
    }
}

NamedArray read_tensor(fs::path const& path, std::ifstream& stream, Entry const& entry)
{
    std::vector<char> bytes(entry.end - entry.begin);
    read_bytes(path, stream, bytes);
    std::vector<float> values(bytes.size() / entry.type->size);
    entry.type->decode(bytes, values);
    return {entry.name, entry.shape, std::move(values)};
}

/// Header of tensors that lie in this order, padded so that the numbers are aligned.
std::string header_of(std::vector<NamedArray const*> const& tensors)
{
    nlohmann::ordered_json header;
    header[metadata_key] = {{"format", "pt"}};
    std::uint64_t begin = 0;
    for (NamedArray const* const tensor : tensors)
    {
        std::uint64_t const end = begin + tensor->values.size() * sizeof(float);
        EXPECT(!header.contains(tensor->name));
        header[tensor->name] = {
            {"dtype", "F32"}, {"shape", tensor->shape}, {"data_offsets", {begin, end}}};
        begin = end;
    }
    std::string text = header.dump();
    text.resize((text.size() + length_size - 1) / length_size * length_size, ' ');
    return text;
}

}  // namespace

Parameters read_safetensors(fs::path const& path)
{
    std::ifstream stream = open(path);
    std::uint64_t const file_size = fs::file_size(path);
    std::string const text = read_header(path, stream, file_size);
    nlohmann::json const header = parse_header(path, text);
    std::vector<Entry> entries;
    for (auto const& [name, json] : header.items())
    {
        if (name != metadata_key)
        {
            entries.push_back(read_entry(path, name, json));
        }
    }
    require_full(path, entries, file_size - length_size - text.size());
    Parameters tensors;
    for (Entry const& entry : entries)
    {
        if (entry.type->decode == nullptr)
        {
            stream.seekg(static_cast<std::streamoff>(entry.end - entry.begin), std::ios::cur);
        }
        else
        {
            tensors.push_back(read_tensor(path, stream, entry));
        }
    }
    sort_by_name(path, tensors);
    return tensors;
}

void write_safetensors(fs::path const& path, Parameters const& tensors)
{
    std::vector<NamedArray const*> sorted;
    for (NamedArray const& tensor : tensors)
    {
        EXPECT(tensor.size() == static_cast<std::int64_t>(tensor.values.size()));
        sorted.push_back(&tensor);
    }
    std::ranges::sort(sorted, {}, &NamedArray::name);
    std::string const header = header_of(sorted);
    std::uint64_t const length = header.size();
    PendingFile file(path);
    std::ofstream stream(file.temporary(), std::ios::binary);
    stream.write(reinterpret_cast<char const*>(&length), sizeof length);
    stream << header;
    for (NamedArray const* const tensor : sorted)
    {
        stream.write(reinterpret_cast<char const*>(tensor->values.data()),
                     static_cast<std::streamsize>(tensor->values.size() * sizeof(float)));
    }
    stream.close();
    if (!stream)
    {
        throw EnvironmentError(fmt::format("cannot write {}: {}; check the disk's space",
                                           file.temporary().string(), std::strerror(errno)));
    }
    file.publish();
}

}  // namespace surf::chain
