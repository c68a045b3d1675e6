#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/mapped_file.hpp"
#include "base/named_array.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using surf::test::ScratchFolder;
namespace fs = std::filesystem;

namespace
{

/// A file of bytes 0, 1, 2, … modulo a prime, so that no two pages are alike.
fs::path write_counting(ScratchFolder const& folder, std::size_t size)
{
    fs::path const path = folder.path / "bytes";
    std::ofstream file(path, std::ios::binary);
    for (std::size_t i = 0; i < size; ++i)
    {
        file.put(static_cast<char>(i % 251));
    }
    return path;
}

/// Maps a part of a file that nothing holds open any more.
std::shared_ptr<std::byte const> map(fs::path const& path, std::uint64_t offset, std::size_t size)
{
    int const descriptor = ::open(path.c_str(), O_RDONLY);
    REQUIRE(descriptor >= 0);
    auto mapped = map_file(descriptor, offset, size);
    ::close(descriptor);
    return mapped;
}

}  // namespace

TEST_CASE("any part of a file can be mapped, and outlives the file's name", "[base]")
{
    ScratchFolder const folder;
    fs::path const path = write_counting(folder, 10'000);
    auto const [offset, size] = GENERATE(
        table<std::size_t, std::size_t>({{0, 10'000}, {4095, 2}, {4096, 1}, {8193, 1807}}));
    auto const mapped = map(path, offset, size);
    REQUIRE(mapped);
    fs::remove(path);
    for (std::size_t i = 0; i < size; ++i)
    {
        REQUIRE(mapped.get()[i] == static_cast<std::byte>((offset + i) % 251));
    }
}

TEST_CASE("what a file does not hold is not mapped", "[base]")
{
    ScratchFolder const folder;
    fs::path const path = write_counting(folder, 10'000);
    CHECK_FALSE(map(path, 9'999, 2));
    CHECK_FALSE(map(path, 10'001, 1));
    CHECK_FALSE(map(path, 1, std::numeric_limits<std::size_t>::max()));
    CHECK_FALSE(map(path, 0, 0));
    CHECK_FALSE(map_file(-1, 0, 1));
}

TEST_CASE("who changes shared values changes a copy of his own", "[base]")
{
    std::vector<float> const stored = {1, 2, 3};
    bool released = false;
    ArrayValues values(
        std::shared_ptr<float const>(stored.data(), [&](float const*) { released = true; }), 3);
    ArrayValues const other = values;
    CHECK(values.is_shared());
    CHECK(std::as_const(values).data() == stored.data());
    CHECK(other == ArrayValues{1, 2, 3});

    values[1] = 7;
    CHECK_FALSE(values.is_shared());
    CHECK(values == ArrayValues{1, 7, 3});
    CHECK(other.is_shared());
    CHECK_FALSE(released);
    CHECK(stored == std::vector<float>{1, 2, 3});

    values.push_back(4);
    CHECK(values == ArrayValues{1, 7, 3, 4});
    CHECK_FALSE(values == other);
}

TEST_CASE("shared memory is given back with the last values in it", "[base]")
{
    float const stored = 5;
    bool released = false;
    {
        ArrayValues values(
            std::shared_ptr<float const>(&stored, [&](float const*) { released = true; }), 1);
        ArrayValues other = values;
        values.resize(2);
        CHECK(values == ArrayValues{5, 0});
        CHECK_FALSE(released);
    }
    CHECK(released);
}
