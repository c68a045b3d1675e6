#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "hdf5/file.hpp"
#include "hdf5/python.hpp"

using namespace surf;
using Catch::Contains;
using surf::test::error_of;
using surf::test::ScratchFolder;
namespace fs = std::filesystem;

namespace
{

/// Element i of row t is 1000 t + i; rows of 3 × 5.
constexpr std::size_t row_size = 15;

void write_by_h5py(fs::path const& path, std::string const& options = "")
{
    test::python(R"(
import h5py, numpy as np
values = (1000 * np.arange(4)[:, None, None] + np.arange(15).reshape(3, 5)).astype(np.float32)
file = h5py.File(path, "w")" +
                     options + R"()
file["plain"] = values
file["plain column"] = values[:, 0, 0]
file.create_dataset("chunked", data=values, chunks=(1, 3, 5))
file.create_dataset("compressed", data=values, chunks=(1, 3, 5), compression="gzip")
file.create_dataset("unwritten", (4, 3, 5), np.float32)
file.create_dataset("external", (4, 3, 5), np.float32, external=[(path + ".raw", 0, h5py.h5f.UNLIMITED)])
file["external"][...] = values
file["whole numbers"] = values.astype(np.int32)
)",
                 path);
}

bool is_row(std::int64_t t, std::span<float const> values)
{
    for (std::size_t i = 0; i < values.size(); ++i)
    {
        if (values[i] != static_cast<float>(1000 * t) + static_cast<float>(i))
        {
            return false;
        }
    }
    return true;
}

}  // namespace

TEST_CASE("rows are mapped where they lie, behind whatever comes first in the file", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "rows.h5";
    write_by_h5py(path, GENERATE("", ", userblock_size=1024"));
    for (std::int64_t t = 0; t < 4; ++t)
    {
        std::shared_ptr<float const> row;
        std::shared_ptr<float const> number;
        {
            h5::FileReader const file(path, h5::Author::anyone);
            row = file.root().dataset("plain").map_row(t);
            number = file.root().dataset("plain column").map_row(t);
        }
        REQUIRE(row);
        CHECK(is_row(t, {row.get(), row_size}));
        REQUIRE(number);
        CHECK(is_row(t, {number.get(), 1}));
    }
}

TEST_CASE("rows that do not lie in the file as they are in memory are not mapped", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "rows.h5";
    write_by_h5py(path);
    h5::FileReader const file(path, h5::Author::anyone);
    for (char const* name : {"chunked", "compressed", "unwritten", "external"})
    {
        INFO(name);
        CHECK_FALSE(file.root().dataset(name).map_row(1));
    }
    CHECK_THAT(error_of<FileError>([&] { file.root().dataset("whole numbers").map_row(1); }),
               Contains("float32") && Contains("int32 [4,3,5] in /whole numbers"));
    for (std::int64_t const t : {-1, 4})
    {
        CHECK_THAT(error_of<FileError>([&] { file.root().dataset("plain").map_row(t); }),
                   Contains("row " + std::to_string(t)) && Contains("/plain"));
    }
}

TEST_CASE("a row beyond the end of a file that was cut short is not mapped", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "rows.h5";
    write_by_h5py(path);
    auto const offset = std::stoull(
        test::python("import h5py\nprint(h5py.File(path)['plain'].id.get_offset())\n", path));
    h5::FileReader const file(path, h5::Author::anyone);
    h5::Dataset const plain = file.root().dataset("plain");
    fs::resize_file(path, offset + 2 * row_size * sizeof(float) + 1);
    CHECK(plain.map_row(1));
    CHECK_FALSE(plain.map_row(2));
    CHECK_FALSE(plain.map_row(3));
}

TEST_CASE("large rows of the program's own files are mapped whatever lies before them", "[hdf5]")
{
    constexpr std::int64_t rows = 2;
    constexpr std::int64_t columns = 1024;
    ScratchFolder const folder;
    for (std::int64_t before = 1; before < 10; ++before)
    {
        INFO(before << " bytes before");
        fs::path const path = folder.path / fmt::format("after{}.h5", before);
        {
            h5::FileWriter file(path, {.name = "surf_sweep/test"});
            std::vector<std::int8_t> const bytes(static_cast<std::size_t>(before), 1);
            file.root()
                .create_dataset("bytes", {h5::Type::int8, {before}})
                .write<std::int8_t>(bytes);
            std::vector<float> const values(rows * columns, 0.5F);
            file.root()
                .create_dataset("values", {h5::Type::float32, {rows, columns}})
                .write<float>(values);
            file.publish();
        }
        auto const row =
            h5::FileReader(path, h5::Author::anyone).root().dataset("values").map_row(1);
        REQUIRE(row);
        CHECK(row.get()[columns - 1] == 0.5F);
    }
}
