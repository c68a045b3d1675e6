#include <catch2/catch.hpp>
#include <limits>
#include <numeric>
#include <thread>

#include "base/error.hpp"
#include "hdf5/file.hpp"
#include "hdf5/python.hpp"

using namespace surf;
using surf::test::ScratchFolder;
namespace fs = std::filesystem;

namespace
{

constexpr h5::FileType test_type{.name = "surf_sweep/test", .major = 3, .minor = 2};

template <class T>
void write_extremes(h5::Group& group, std::string const& name)
{
    std::vector<T> const values = {std::numeric_limits<T>::lowest(), T(0), T(7),
                                   std::numeric_limits<T>::max()};
    group.create_dataset(name, {h5::type_of<T>, {2, 2}}).template write<T>(values);
}

void write_everything(fs::path const& path)
{
    h5::FileWriter file(path, test_type);
    h5::Group group = file.root().create_group("zoo");
    write_extremes<std::int8_t>(group, "int8");
    write_extremes<std::int32_t>(group, "int32");
    write_extremes<std::int64_t>(group, "int64");
    write_extremes<std::uint64_t>(group, "uint64");
    write_extremes<float>(group, "float32");
    write_extremes<double>(group, "float64");
    std::vector<std::string> const words = {"", "Gaußsche Ähre", "two\nlines", "x* ≠ x̂"};
    group.create_dataset("string", {h5::Type::string, {4}}).write<std::string>(words);
    group
        .create_dataset("text",
                        {.type = h5::Type::text, .shape = {4}, .chunk = {3}, .text_size = 15})
        .write<std::string>(words);
    double const pi = 3.141592653589793;
    group.create_dataset("scalar", {h5::Type::float64, {}}).write<double>({&pi, 1});

    group.set_attribute("an_integer", std::int64_t{-5});
    group.set_attribute("a_real", 0.1);
    group.set_attribute("a_text", "naïve");
    group.set_attribute("integers", std::vector<std::int64_t>{3, 1, 2});
    group.set_attribute("reals", std::vector<double>{0.5, -1});
    group.set_attribute("bytes", std::vector<std::int8_t>{0, 1});
    group.set_attribute("texts", words);

    h5::Dataset const x = group.create_coordinate<double>("x", std::vector<double>{0.25, 0.5, 1});
    h5::Dataset const size = group.create_dimension("y", 100);
    h5::Dataset grid = group.create_dataset(
        "grid", {.type = h5::Type::float32, .shape = {3, 100}, .chunk = {2, 1000}, .fill = -1});
    grid.attach_scale(0, x);
    grid.attach_scale(1, size);
    std::vector<float> row(100);
    std::iota(row.begin(), row.end(), 0.0F);
    grid.write<float>({{1, 0}, {1, 100}}, row);
    grid.write<float>({{2, 98}, {1, 2}}, std::vector<float>{8, 9});
    file.publish();
}

}  // namespace

TEST_CASE("a single number that calls itself a dimension has no dimension", "[hdf5]")
{
    ScratchFolder const folder;
    h5::FileWriter file(folder.path / "x.h5", test_type);
    h5::Dataset scalar = file.root().create_dataset("x", {h5::Type::float64, {}});
    scalar.make_scale("x");
    CHECK(scalar.dimension_names().empty());
}

TEST_CASE("h5py reads what was written, in the order of writing", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "zoo.h5";
    write_everything(path);
    test::python(R"(
import h5py, numpy as np
file = h5py.File(path)
zoo = file["zoo"]
assert file.attrs["filetype"] == "surf_sweep/test" and file.attrs["schema_version"] == "3.2"
for name in "int8 int32 int64 uint64 float32 float64".split():
    info = (np.finfo if name.startswith("f") else np.iinfo)(name)
    expected = np.array([[info.min, 0], [7, info.max]], dtype=name)
    assert zoo[name].dtype == name and np.array_equal(zoo[name][...], expected), name
words = ["", "Gaußsche Ähre", "two\nlines", "x* ≠ x̂"]
assert h5py.check_string_dtype(zoo["string"].dtype) == h5py.string_dtype().metadata["vlen"] or \
    h5py.check_string_dtype(zoo["string"].dtype).encoding == "utf-8"
assert list(zoo["string"].asstr()[...]) == words
assert zoo["text"].dtype == "S15" and h5py.check_string_dtype(zoo["text"].dtype).encoding == "utf-8"
assert list(zoo["text"].asstr()[...]) == words and zoo["text"].compression == "gzip"
assert zoo["scalar"].shape == () and zoo["scalar"][()] == np.pi
assert list(zoo.attrs) == "an_integer a_real a_text integers reals bytes texts".split()
assert zoo.attrs["an_integer"] == -5 and zoo.attrs["a_real"] == 0.1 and zoo.attrs["a_text"] == "naïve"
assert list(zoo.attrs["integers"]) == [3, 1, 2] and zoo.attrs["integers"].dtype == np.int64
assert list(zoo.attrs["reals"]) == [0.5, -1] and zoo.attrs["bytes"].dtype == np.int8
assert list(zoo.attrs["texts"]) == words
assert list(zoo)[:3] == ["int8", "int32", "int64"] and list(zoo)[-1] == "grid"
grid = zoo["grid"]
assert grid.chunks == (2, 100) and grid.shuffle and grid.compression == "gzip" and grid.fletcher32
expected = np.full((3, 100), -1, dtype=np.float32)
expected[1] = np.arange(100); expected[2, 98:] = [8, 9]
assert np.array_equal(grid[...], expected) and grid.fillvalue == -1
assert grid.dims[0][0].name == "/zoo/x" and grid.dims[1][0].name == "/zoo/y"
)",
                 path);
}

TEST_CASE("xarray and netCDF4 find the dimensions and missing values", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "zoo.h5";
    {
        h5::FileWriter file(path, test_type);
        h5::Group group = file.root().create_group("zoo");
        h5::Dataset const x =
            group.create_coordinate<std::string>("x", std::vector<std::string>{"a", "b", "c"});
        h5::Dataset const size = group.create_dimension("y", 4);
        h5::Dataset grid =
            group.create_dataset("grid", {.type = h5::Type::int64, .shape = {3, 4}, .fill = -1});
        grid.attach_scale(0, x);
        h5::Dataset host =
            group.create_dataset("host", {.type = h5::Type::text, .shape = {3}, .text_size = 5});
        host.write<std::string>(std::vector<std::string>{"node7", "n1", ""});
        host.attach_scale(0, x);
        grid.attach_scale(1, size);
        grid.write<std::int64_t>({{1, 0}, {1, 4}}, std::vector<std::int64_t>{5, 6, 7, 8});
        file.publish();
    }
    test::python(R"(
import xarray, netCDF4, numpy as np
for engine in ("h5netcdf", "netcdf4"):
    data = xarray.open_dataset(path, group="zoo", engine=engine)
    assert data.grid.dims == ("x", "y") and list(data.x.values) == ["a", "b", "c"], data
    assert set(data.variables) == {"x", "grid", "host"}, data
    assert [h if isinstance(h, str) else h.decode() for h in data.host.values] == ["node7", "n1", ""]
    assert list(data.grid.sel(x="b").values) == [5, 6, 7, 8] and np.isnan(data.grid.values[0]).all()
group = netCDF4.Dataset(path)["zoo"]
assert list(group["host"][...]) == ["node7", "n1", ""]
assert list(group.dimensions) == ["x", "y"] and group["grid"][...].mask[0].all()
)",
                 path);
}

TEST_CASE("reading gives back what was written", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "zoo.h5";
    write_everything(path);
    h5::FileReader const file(path, test_type);
    h5::Group const zoo = file.root().group("zoo");
    CHECK(zoo.attribute<std::int64_t>("an_integer") == -5);
    CHECK(zoo.attribute<std::string>("a_text") == "naïve");
    CHECK(zoo.attribute_list<double>("reals") == std::vector<double>{0.5, -1});
    CHECK(zoo.attribute_list<std::string>("texts").at(2) == "two\nlines");
    CHECK(zoo.attribute_names().size() == 7);
    CHECK(zoo.has_attribute("bytes"));
    CHECK_FALSE(zoo.has_attribute("bites"));
    CHECK(zoo.exists("grid"));
    CHECK_FALSE(zoo.exists("lattice"));
    CHECK(zoo.children().size() == 12);
    CHECK(file.root().children().front().kind == h5::ChildKind::group);
    h5::Dataset const grid = zoo.dataset("grid");
    CHECK(grid.layout() == h5::Layout{h5::Type::float32, {3, 100}});
    CHECK(grid.dimension_names() == std::vector<std::string>{"x", "y"});
    std::vector<float> part(4);
    grid.read<float>({{1, 98}, {2, 2}}, part);
    CHECK(part == std::vector<float>{98, 99, 8, 9});
    CHECK(zoo.dataset("string").read<std::string>().at(3) == "x* ≠ x̂");
    CHECK(zoo.dataset("text").layout() == h5::Layout{h5::Type::text, {4}});
    CHECK(zoo.dataset("text").read<std::string>() == zoo.dataset("string").read<std::string>());
    CHECK(zoo.dataset("scalar").read<double>() == std::vector<double>{3.141592653589793});
}

TEST_CASE("equal content gives equal bytes", "[hdf5]")
{
    ScratchFolder const folder;
    write_everything(folder.path / "a.h5");
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // a stored time would differ
    write_everything(folder.path / "b.h5");
    CHECK(test::bytes_of(folder.path / "a.h5") == test::bytes_of(folder.path / "b.h5"));
}

TEST_CASE("a file is seen when it is published, not before", "[hdf5]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "zoo.h5";
    {
        h5::FileWriter const file(path, test_type);
        CHECK(folder.files() == 1);
        CHECK_FALSE(fs::exists(path));
    }
    CHECK(folder.files() == 0);
    write_everything(path);
    CHECK(folder.files() == 1);
}

TEST_CASE("two threads use the library", "[hdf5]")
{
    ScratchFolder const folder;
    auto const work = [&](std::string const& name) {
        for (int i = 0; i < 20; ++i)
        {
            write_everything(folder.path / name);
            h5::FileReader const file(folder.path / name, test_type);
            if (file.root().group("zoo").dataset("grid").read<float>().at(101) != 1)
            {
                throw std::logic_error("not what was written");
            }
        }
        return 0;
    };
    CHECK_NOTHROW(work("c.h5"));
    int failures = 0;
    std::thread other([&] { failures = work("a.h5"); });
    CHECK_NOTHROW(work("b.h5"));
    other.join();
    CHECK(failures == 0);
}

TEST_CASE("the library tells its version", "[hdf5]")
{
    CHECK(h5::library_version().starts_with("1."));
}
