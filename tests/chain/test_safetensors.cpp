#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <limits>

#include "base/error.hpp"
#include "chain/safetensors.hpp"
#include "chain/small_chain.hpp"
#include "hdf5/python.hpp"

using namespace surf;
using namespace surf::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

/// A file of any header and data.
fs::path write_raw(ScratchFolder const& folder, std::string const& header, std::string const& data)
{
    fs::path const path = folder.path / "raw.safetensors";
    std::uint64_t const length = header.size();
    std::ofstream stream(path, std::ios::binary);
    stream.write(reinterpret_cast<char const*>(&length), sizeof length);
    stream << header << data;
    return path;
}

std::string refusal_of(fs::path const& path)
{
    std::string const text = error_of<FileError>([&] { chain::read_safetensors(path); });
    CHECK_THAT(text, Contains(path.string()) && !Contains("\n"));
    return text;
}

Parameters two_tensors()
{
    return {{"fc.weight", {2, 3}, {1, -2, 3e-40F, 0.1F, 5, 6}},
            {"fc.bias", {2}, {0.5F, 7}},
            {"one", {}, {3}},
            {"none", {0, 4}, {}}};
}

}  // namespace

TEST_CASE("tensors come back bit by bit, sorted by name", "[safetensors]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "x.safetensors";
    chain::write_safetensors(path, two_tensors());
    Parameters const tensors = chain::read_safetensors(path);
    REQUIRE(tensors.size() == 4);
    CHECK(same(tensors[0], two_tensors()[1]));
    CHECK(same(tensors[1], two_tensors()[0]));
    CHECK(same(tensors[2], two_tensors()[3]));
    CHECK(same(tensors[3], two_tensors()[2]));
    CHECK(folder.files() == 1);
}

TEST_CASE("the file is laid out as the format says", "[safetensors]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "x.safetensors";
    chain::write_safetensors(path, two_tensors());
    python(R"(
import json, struct
import numpy as np
raw = open(path, "rb").read()
(length,) = struct.unpack("<Q", raw[:8])
assert length % 8 == 0
header = json.loads(raw[8:8 + length])
assert header.pop("__metadata__") == {"format": "pt"}
assert list(header) == ["fc.bias", "fc.weight", "none", "one"]
data = raw[8 + length:]
def tensor(name):
    entry = header[name]
    assert entry["dtype"] == "F32"
    begin, end = entry["data_offsets"]
    return np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
assert np.array_equal(tensor("fc.weight"), np.array([[1, -2, 3e-40], [0.1, 5, 6]], np.float32))
assert np.array_equal(tensor("fc.bias"), np.array([0.5, 7], np.float32))
assert tensor("one") == 3 and tensor("none").shape == (0, 4)
assert sum(np.prod(e["shape"], dtype=int) for e in header.values()) * 4 == len(data)
)",
           path);
}

TEST_CASE("every float type is read, and counts of batches are left out", "[safetensors]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "x.safetensors";
    python(R"(
import json, struct
import numpy as np
values = np.array([0, -0.0, 1, -2.5, 65504, 6e-8, 6.1e-5, np.inf], np.float64)
bfloat = (np.array([1, -2.5, 3e38, 1e-40], np.float32).view(np.uint32) >> 16).astype(np.uint16)
parts = {
    "half": ("F16", values.astype(np.float16)),
    "bfloat": ("BF16", bfloat),
    "double": ("F64", np.array([0.1, 1e300])),
    "bn.num_batches_tracked": ("I64", np.array(7)),
    "single": ("F32", np.array([[0.1]], np.float32)),
}
header, data = {"__metadata__": {"a": "b"}}, b""
for name, (dtype, array) in parts.items():
    raw = array.tobytes()
    header[name] = dict(dtype=dtype, shape=list(array.shape), data_offsets=[len(data), len(data) + len(raw)])
    data += raw
text = json.dumps(header).encode()
open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)
)",
           path);
    Parameters const tensors = chain::read_safetensors(path);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    REQUIRE(tensors.size() == 4);
    CHECK(tensors[0].name == "bfloat");
    CHECK(tensors[0].values[0] == 1);
    CHECK(tensors[0].values[1] == -2.5F);
    CHECK(tensors[0].values[2] == Approx(3e38).epsilon(0.01));
    CHECK(tensors[0].values[3] == Approx(1e-40).epsilon(0.1));
    CHECK(tensors[1].name == "double");
    CHECK(tensors[1].values == ArrayValues{0.1F, infinity});
    CHECK(tensors[2].name == "half");
    CHECK(tensors[2].values ==
          ArrayValues{0, -0.0F, 1, -2.5F, 65504, 0x1p-24F, 0x3ffp-24F, infinity});
    CHECK(std::signbit(tensors[2].values[1]));
    CHECK(tensors[3].shape == std::vector<std::int64_t>{1, 1});
    CHECK(tensors[3].values == ArrayValues{0.1F});
}

TEST_CASE("a file that was cut short is refused wherever it was cut", "[safetensors]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "x.safetensors";
    chain::write_safetensors(path, two_tensors());
    std::string const whole = bytes_of(path);
    for (std::size_t size = 0; size < whole.size(); ++size)
    {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
        refusal_of(path);
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, whole.size() - 1);
    CHECK_THAT(refusal_of(path),
               Contains("tensor one ends at byte 36 of the data, of which there are "
                        "35 (the file is cut short)"));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole << 'x';
    CHECK_THAT(refusal_of(path), Contains("has 37 bytes of data, but its tensors need 36"));
    CHECK_THAT(error_of<EnvironmentError>([&] { chain::read_safetensors(folder.path / "no"); }),
               Contains("cannot open"));
    CHECK_THAT(error_of<FileError>([&] { chain::read_safetensors(folder.path); }),
               Contains("is no plain file"));
}

TEST_CASE("whatever bit of the header flips, nothing but a FileError is thrown", "[safetensors]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "x.safetensors";
    chain::write_safetensors(path, two_tensors());
    std::string const whole = bytes_of(path);
    std::size_t const header_end = whole.size() - 9 * sizeof(float);
    std::size_t refused = 0;
    for (std::size_t bit = 0; bit < 8 * header_end; ++bit)
    {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
        try
        {
            chain::read_safetensors(path);
        }
        catch (FileError const&)
        {
            ++refused;
        }
    }
    CHECK(refused > 6 * header_end);  // a name may have another letter
}

TEST_CASE("a header that does not describe the file is refused by name", "[safetensors]")
{
    struct Case
    {
        std::string header;
        std::string refusal;
    };
    std::string const good = R"("a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]})";
    auto const with = [](std::string const& dtype, std::string const& shape,
                         std::string const& offsets) {
        return fmt::format(R"({{"w": {{"dtype": {}, "shape": {}, "data_offsets": {}}}}})", dtype,
                           shape, offsets);
    };
    std::vector<Case> const cases = {
        {"{" + good, "not JSON"},
        {"[1, 2]", "no JSON object"},
        {std::string(100'000, '['), "not JSON"},
        {"{" + good + ", " + good + "}", "names a twice"},
        {R"({"w": 3})", "tensor w is no JSON object"},
        {"{" + good + R"(, "w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})",
         "tensor w begins at byte 4 of the data, not at 8, where the one before ends (they "
         "overlap"},
        {R"({"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})", "there is a hole"},
        {"{" + good + R"(, "w": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}})",
         "tensor w ends at byte 12 of the data, of which there are 8"},
        {"{}", "has 8 bytes of data, but its tensors need 0"},
        {with(R"("F32")", "[3]", "[0, 8]"), "tensor w has 8 bytes, which is not its shape [3]"},
        {with(R"("F64")", "[2]", "[0, 8]"), "which is not its shape [2] of F64"},
        {with(R"("F32")", "[4611686018427387904, 4]", "[0, 0]"), "which is not its shape"},
        {with(R"("F32")", "[-2]", "[0, 8]"), "tensor w has no list shape"},
        {with(R"("F32")", "[2.0]", "[0, 8]"), "tensor w has no list shape"},
        {with(R"("F32")", "2", "[0, 8]"), "tensor w has no list shape"},
        {with(R"("F32")", "[2]", "[0, 99999999999999999999]"), "no list data_offsets"},
        {with(R"("F32")", "[2]", "[8, 0]"), "tensor w has no data_offsets [begin, end]"},
        {with(R"("F32")", "[2]", "[0]"), "tensor w has no data_offsets [begin, end]"},
        {with(R"("I64")", "[1]", "[0, 8]"), "tensor w has dtype I64"},
        {with(R"("F8_E4M3")", "[8]", "[0, 8]"), "tensor w has dtype F8_E4M3"},
        {with("7", "[2]", "[0, 8]"), "tensor w has dtype none"},
        {R"({"w": {"dtype": "F32", "shape": [2]}})", "tensor w has no list data_offsets"},
    };
    ScratchFolder const folder;
    for (Case const& wrong : cases)
    {
        INFO(wrong.header.substr(0, 200));
        CHECK_THAT(refusal_of(write_raw(folder, wrong.header, "8 bytes.")),
                   Contains(wrong.refusal));
    }
    fs::path const path = write_raw(folder, "{}", "");
    std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(16, '\xff');
    CHECK_THAT(refusal_of(path), Contains("is longer than the file, which has 16"));
}
