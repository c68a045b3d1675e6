#include <sys/mount.h>

#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "hdf5/file.hpp"
#include "hdf5/python.hpp"
#include "hdf5/seal.hpp"

using namespace surf;
using Catch::Contains;
using surf::test::error_of;
using surf::test::ScratchFolder;
namespace fs = std::filesystem;

namespace
{

constexpr h5::FileType damage_type{.name = "surf_sweep/test"};

fs::path write_small(ScratchFolder const& folder, h5::FileType const& type = damage_type)
{
    fs::path const path = folder.path / "small.h5";
    h5::FileWriter file(path, type);
    h5::Dataset values = file.root().create_dataset(
        "values", {.type = h5::Type::int64, .shape = {1000}, .chunk = {1000}});
    values.write<std::int64_t>(std::vector<std::int64_t>(1000, 7));
    values.set_attribute("units", "1");
    file.publish();
    return path;
}

}  // namespace

TEST_CASE("an error names what is wrong, the object and the file, in one line", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = write_small(folder);
    h5::FileReader const file(path, damage_type);
    h5::Group const& root = file.root();
    std::vector<std::int64_t> ten(10);

    auto const missing = error_of<FileError>([&] { root.dataset("nothing"); });
    CHECK_THAT(missing, Contains("cannot open dataset nothing in / of " + path.string()));
    CHECK_THAT(missing, Contains("HDF5: ") && Contains("doesn't exist"));
    CHECK(missing.find('\n') == std::string::npos);
    CHECK_THAT(error_of<FileError>([&] { root.dataset("values").read<double>(); }),
               Contains("float64") && Contains("int64 [1000] in /values"));
    CHECK_THAT(error_of<FileError>([&] { root.dataset("values").attribute<double>("units"); }),
               Contains("take string for the float64 in attribute units of /values"));
    CHECK_THAT(error_of<FileError>([&] { root.dataset("values").attribute<double>("colour"); }),
               Contains("attribute colour of /values"));
    CHECK_THAT(error_of<FileError>([&] {
                   root.dataset("values").read<std::int64_t>({{995}, {10}}, ten);
               }),
               Contains("beyond the end of /values"));
    CHECK_THAT(error_of<FileError>([&] {
                   root.dataset("values").read<std::int64_t>({{0}, {9}}, ten);
               }),
               Contains("10 int64 values for 9"));
}

TEST_CASE("files that cannot be trusted are refused by name", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = write_small(folder);
    auto const opening_fails = [&](std::string const& reason) {
        auto const text = error_of<FileError>([&] { h5::FileReader(path, damage_type); });
        CHECK_THAT(text, Contains(path.string()) && Contains(reason));
    };
    SECTION("no HDF5 at all")
    {
        std::ofstream(path) << "hello";
        opening_fails("is not an HDF5 file");
    }
    SECTION("empty")
    {
        std::ofstream(path, std::ios::trunc).close();
        opening_fails("is not an HDF5 file");
    }
    SECTION("truncated")
    {
        fs::resize_file(path, fs::file_size(path) / 2);
        opening_fails("has no seal at its end (it was cut short");
    }
    SECTION("another type")
    {
        write_small(folder, {.name = "surf_sweep/other"});
        opening_fails("has filetype surf_sweep/other (this command needs surf_sweep/test)");
    }
    SECTION("another major version")
    {
        write_small(folder, {.name = "surf_sweep/test", .major = 2, .minor = 4});
        opening_fails("has schema version 2.4 (this program reads 1.x of surf_sweep/test)");
    }
    SECTION("HDF5 of another program")
    {
        fs::remove(path);
        test::python("import h5py\nh5py.File(path, 'w')['a'] = 1\n", path);
        opening_fails("has no seal at its end");
        h5::seal(path);
        opening_fails("no attribute filetype");
    }
    SECTION("any other minor version is read")
    {
        write_small(folder, {.name = "surf_sweep/test", .major = 1, .minor = 9});
        CHECK_NOTHROW(h5::FileReader(path, damage_type));
    }
}

TEST_CASE("a sealed file is opened as it was sealed, or not at all", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = write_small(folder);
    std::string const sound = test::bytes_of(path);
    auto const is_refused = [&](h5::SealCheck check) {
        try
        {
            h5::check_seal(path, check);
            return false;
        }
        catch (Error const&)
        {
            return true;
        }
    };
    auto const write = [&](std::string const& bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    };
    REQUIRE_FALSE(is_refused(h5::SealCheck::everything));
    CHECK(test::python("import h5py\nprint(h5py.File(path)['values'][3])\n", path) == "7\n");
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < sound.size(); ++i)
    {
        std::string flipped = sound;
        flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
        write(flipped);
        accepted += is_refused(h5::SealCheck::structure) ? 0 : 1;
        write(sound.substr(0, i));
        accepted += is_refused(h5::SealCheck::structure) ? 0 : 1;
    }
    CHECK(accepted == 0);
    write(sound + "\n");
    CHECK(is_refused(h5::SealCheck::structure));
    write(sound + sound.substr(sound.rfind("\nsurf_sweep seal")));
    CHECK(is_refused(h5::SealCheck::structure));
}

TEST_CASE("large runs of numbers are left to who reads them, and to a check of everything",
          "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "large.h5";
    std::vector<double> const numbers(300'000, 0.5);
    {
        h5::FileWriter file(path, damage_type);
        for (char const* const name : {"first", "second"})
        {
            h5::Dataset values =
                file.root().create_dataset(name, {.type = h5::Type::float64, .shape = {300'000}});
            values.write<double>(numbers);
        }
        file.publish();
    }
    std::string const bytes = test::bytes_of(path);
    auto const first = bytes.find(std::string("\0\0\0\0\0\0\xe0\x3f", 8));
    REQUIRE(first != std::string::npos);
    test::flip_byte(path, static_cast<std::int64_t>(first + 800'000));
    CHECK_NOTHROW(h5::FileReader(path, damage_type));
    CHECK_THAT(error_of<FileError>([&] { h5::check_seal(path, h5::SealCheck::everything); }),
               Contains(path.string() + " is damaged (its bytes are not those that were written)"));
    h5::FileReader const file(path, damage_type);
    CHECK(file.root().dataset("second").read<double>() == numbers);
}

TEST_CASE("HDF5's own structures are never among the large runs of numbers", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "scales.h5";
    std::vector<std::uint8_t> const numbers(1 << 21, 1);
    {
        h5::FileWriter file(path, damage_type);
        h5::Dataset scale =
            file.root().create_dataset("byte", {.type = h5::Type::int64, .shape = {1 << 21}});
        scale.make_scale("byte");
        h5::Dataset values =
            file.root().create_dataset("values", {.type = h5::Type::uint8, .shape = {1 << 21}});
        values.attach_scale(0, scale);  // makes the heap of references
        values.write<std::uint8_t>(numbers);
        file.publish();
    }
    std::string const bytes = test::bytes_of(path);
    int heaps = 0;
    for (auto at = bytes.find("GCOL"); at != std::string::npos; at = bytes.find("GCOL", at + 1))
    {
        ++heaps;
        test::flip_byte(path, static_cast<std::int64_t>(at + 20));
        CHECK_THROWS_AS(h5::FileReader(path, damage_type), FileError);
        test::flip_byte(path, static_cast<std::int64_t>(at + 20));
    }
    CHECK(heaps > 0);
    CHECK_NOTHROW(h5::FileReader(path, damage_type));
}

TEST_CASE("a whole file that was never sealed is not taken for a damaged one", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = write_small(folder);
    test::python("import h5py\nh5py.File(path + '/small.h5', 'r+').attrs['seen'] = 1\n",
                 folder.path);
    CHECK_THAT(error_of<EnvironmentError>([&] { h5::FileReader(path, damage_type); }),
               Contains("has no seal (an older surf_sweep") && Contains("analysis seal FILE"));
    h5::seal(path);
    CHECK_NOTHROW(h5::FileReader(path, damage_type));
}

TEST_CASE("no memory is asked for a dataset that its file cannot hold", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "huge.h5";
    std::vector<h5::Shape> const shapes = {{std::int64_t{1} << 42},
                                           {std::int64_t{1} << 40, std::int64_t{1} << 40}};
    {
        h5::FileWriter file(path, damage_type);
        for (std::size_t i = 0; i < shapes.size(); ++i)
        {
            file.root().create_dataset(std::to_string(i), {h5::Type::int8, shapes[i]});
        }
        file.publish();
    }
    h5::FileReader const file(path, damage_type);
    for (std::size_t i = 0; i < shapes.size(); ++i)
    {
        h5::Dataset const dataset = file.root().dataset(std::to_string(i));
        CHECK_THAT(error_of<FileError>([&] { dataset.read<std::int8_t>(); }),
                   Contains("more than the file can hold, for /" + std::to_string(i)));
    }
}

TEST_CASE("values in other files may be more than the file can hold", "[hdf5]")
{
    constexpr std::size_t count = 10'000'000;
    ScratchFolder const folder;
    test::python(R"(
import h5py, numpy as np
raw = path + "/values.raw"
np.full(10**7, 7, np.uint8).tofile(raw)
with h5py.File(path + "/small.h5", "w") as file:
    file.create_dataset("external", (10**7,), np.uint8, external=[(raw, 0, h5py.h5f.UNLIMITED)])
    layout = h5py.VirtualLayout((10**7,), np.uint8)
    layout[...] = h5py.VirtualSource(".", "external", (10**7,))
    file.create_virtual_dataset("virtual", layout)
)",
                 folder.path);
    h5::FileReader const file(folder.path / "small.h5", h5::Author::anyone);
    for (char const* const name : {"external", "virtual"})
    {
        auto const values = file.root().dataset(name).read<std::uint8_t>();
        CHECK(values.size() == count);
        CHECK(std::ranges::count(values, 7) == std::ssize(values));
    }
}

TEST_CASE("a missing file is no damaged file", "[hdf5]")
{
    CHECK_THAT(error_of<EnvironmentError>([] { h5::FileReader("/nowhere/x.h5", damage_type); }),
               Contains("/nowhere/x.h5: No such file"));
}

TEST_CASE("a flipped byte in a compressed dataset is found by its checksum", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = write_small(folder);
    auto const offset = test::python(
        "import h5py\nprint(h5py.File(path)['values'].id.get_chunk_info(0).byte_offset)\n", path);
    test::flip_byte(path, std::stoll(offset) + 9);
    h5::FileReader const file(path, h5::Author::anyone);
    CHECK_THAT(error_of<FileError>([&] { file.root().dataset("values").read<std::int64_t>(); }),
               Contains("cannot read /values of") && Contains("Fletcher32 checksum"));
}

// Wherever the disk is full: at an attribute, in a dataset, at the end. A library left with a file
// that it could not close crashes at exit, which CTest sees.
TEST_CASE("a full disk is an error of the environment and leaves nothing", "[hdf5]")
{
    ScratchFolder const folder;
    int failures = 0;
    for (int kilobytes = 4; kilobytes <= 400; kilobytes += 12)
    {
        std::string const size = "size=" + std::to_string(kilobytes) + "k";
        if (::mount("tmpfs", folder.path.c_str(), "tmpfs", 0, size.c_str()) != 0)
        {
            WARN("no test of full disks: a small one cannot be mounted without rights");
            return;
        }
        try
        {
            h5::FileWriter file(folder.path / "big.h5", damage_type);
            h5::Group& root = file.root();
            for (std::string const name : {"a", "b", "c", "d"})
            {
                h5::Group group = root.create_group(name);
                group.set_attribute("text", std::string(30'000, 'x'));
                group.create_dataset("plain", {h5::Type::float64, {2000}})
                    .write<double>(std::vector<double>(2000, 0.1));
                group.create_dataset("chunks", {h5::Type::float64, {2000}, {100}})
                    .write<double>(std::vector<double>(2000, 0.1));
            }
            file.publish();
        }
        catch (EnvironmentError const& error)
        {
            ++failures;
            CHECK_THAT(error.what(), Contains("big.h5") && Contains("No space left on device") &&
                                         Contains("check the disk's space"));
            CHECK(folder.files() == 0);
        }
        REQUIRE(::umount(folder.path.c_str()) == 0);
    }
    CHECK(failures > 10);
    CHECK(failures < 33);
    write_small(folder);  // the library still works
}
