#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <numeric>

#include "base/error.hpp"
#include "data/hdf5_images.hpp"
#include "hdf5/file.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::data;
using Catch::Matchers::Contains;
using surf::test::ScratchFolder;
namespace fs = std::filesystem;

namespace
{

using Extents = h5::Shape;

/// Adds images of pixels 0, 1, 2, … modulo 251.
void add_images(h5::Group& root, std::string const& name, Extents const& extents)
{
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(h5::element_count(extents)));
    for (std::size_t i = 0; i < pixels.size(); ++i)
    {
        pixels[i] = static_cast<std::uint8_t>(i % 251);
    }
    root.create_dataset(name, {h5::Type::uint8, extents}).write<std::uint8_t>(pixels);
}

fs::path write_set(fs::path const& path, Extents const& training, Extents const& test)
{
    h5::FileWriter file(path, {.name = "test/images"});
    add_images(file.root(), "training", training);
    add_images(file.root(), "test", test);
    file.publish();
    return path;
}

/// Loading must fail with a FileError of one line that names file, dataset and problem.
void check_refused(fs::path const& path, std::string const& dataset, std::string const& problem)
{
    CHECK_THROWS_AS(load_data_set(path), FileError);
    CHECK_THROWS_WITH(load_data_set(path), Contains(path.string() + ": /" + dataset) &&
                                               Contains(problem) && Contains("uint8 [count") &&
                                               !Contains("\n"));
}

}  // namespace

TEST_CASE("an HDF5 file holds both splits, grey or with channels", "[data]")
{
    ScratchFolder const folder;
    DataSet const grey = load_data_set(write_set(folder.path / "grey.h5", {5, 12, 8}, {2, 12, 8}));
    CHECK(grey.training.count == 5);
    CHECK(grey.test.count == 2);
    CHECK((grey.spec().image == Shape{1, 12, 8}));
    REQUIRE(grey.training.pixels.size() == 5 * 96);
    CHECK(grey.training.pixels[97] == 97);
    CHECK(grey.spec().checksum.size() == 32);

    DataSet const coloured =
        load_data_set(write_set(folder.path / "coloured.hdf5", {5, 3, 4, 8}, {2, 3, 4, 8}));
    CHECK((coloured.spec().image == Shape{3, 4, 8}));
    CHECK(coloured.training.pixels == grey.training.pixels);
    CHECK(coloured.spec().checksum != grey.spec().checksum);
}

TEST_CASE("the same images have one checksum, whatever file they come from", "[data]")
{
    ScratchFolder const folder;
    DataSet const set = load_data_set(write_set(folder.path / "a.h5", {3, 4, 4}, {2, 4, 4}));
    auto const write_idx = [&](char const* name, char count, Images const& images) {
        std::ofstream file(folder.path / name, std::ios::binary);
        std::array<char, 16> const header = {0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 4, 0, 0, 0, 4};
        file.write(header.data(), header.size());
        file.write(reinterpret_cast<char const*>(images.pixels.data()), std::ssize(images.pixels));
    };
    write_idx("train-images-idx3-ubyte", 3, set.training);
    write_idx("t10k-images-idx3-ubyte", 2, set.test);
    CHECK(load_data_set(folder.path).spec().checksum == set.spec().checksum);
}

TEST_CASE("datasets that are no images are refused by name", "[data]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "images.h5";
    SECTION("floats")
    {
        h5::FileWriter file(path, {.name = "test/images"});
        add_images(file.root(), "training", {3, 4, 4});
        file.root().create_dataset("test", {h5::Type::float32, {2, 4, 4}});
        file.publish();
        check_refused(path, "test", "float32");
    }
    SECTION("signed bytes")
    {
        h5::FileWriter file(path, {.name = "test/images"});
        file.root().create_dataset("training", {h5::Type::int8, {3, 4, 4}});
        file.publish();
        check_refused(path, "training", "int8");
    }
    SECTION("a missing split")
    {
        h5::FileWriter file(path, {.name = "test/images"});
        add_images(file.root(), "training", {3, 4, 4});
        file.publish();
        check_refused(path, "test", "is missing");
    }
    SECTION("flat rows")
    {
        check_refused(write_set(path, {3, 16}, {2, 16}), "training", "uint8 [3,16]");
    }
    SECTION("films")
    {
        check_refused(write_set(path, {3, 1, 2, 4, 4}, {2, 1, 2, 4, 4}), "training",
                      "uint8 [3,1,2,4,4]");
    }
    SECTION("no images")
    {
        check_refused(write_set(path, {0, 4, 4}, {2, 4, 4}), "training", "uint8 [0,4,4]");
    }
}

TEST_CASE("an HDF5 file whose splits differ in shape is refused", "[data]")
{
    ScratchFolder const folder;
    fs::path const path = write_set(folder.path / "images.h5", {3, 4, 4}, {2, 4, 5});
    CHECK_THROWS_AS(load_data_set(path), FileError);
    CHECK_THROWS_WITH(load_data_set(path),
                      Contains(path.string()) && Contains("1 x 4 x 4") && Contains("1 x 4 x 5"));
}

TEST_CASE("what is no HDF5 file, or not there, is told", "[data]")
{
    ScratchFolder const folder;
    CHECK_THROWS_AS(load_data_set(folder.path / "absent.h5"), EnvironmentError);
    fs::path const path = folder.path / "text.h5";
    std::ofstream(path) << "no images here";
    CHECK_THROWS_AS(load_data_set(path), FileError);
    CHECK_THROWS_WITH(load_data_set(path), Contains(path.string()));
}
