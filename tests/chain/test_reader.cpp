#include <catch2/catch.hpp>

#include "chain/small_chain.hpp"
#include "hdf5/file.hpp"
#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"

using namespace surf;
using namespace surf::test;
using Catch::Contains;
namespace fs = std::filesystem;

TEST_CASE("a chain gives back its snapshots in any order", "[chain]")
{
    ScratchFolder const folder;
    chain::Reader const reader(write_small_chain(folder.path), small_header());
    CHECK(reader.snapshots() == 4);
    CHECK(reader.header().configuration.text() == small_header().configuration.text());
    for (std::int64_t const t : {3, 0, 2, 1})
    {
        CHECK(same(reader.read(t), small_snapshot(t)));
    }
}

TEST_CASE("arrays are read where they lie in the file, and copied where they cannot be", "[chain]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_chain(folder.path);
    bool const chunked = GENERATE(false, true);
    if (chunked)
    {
        python(R"(
import h5py
file = h5py.File(path, "r+")
arrays = {name: array[...] for name, array in file["snapshot"].items()}
for name, values in arrays.items():
    del file["snapshot"][name]
    file["snapshot"].create_dataset(name, data=values, chunks=values.shape, compression="gzip")
)",
               path);
    }
    Parameters held;
    {
        chain::Reader const reader(path, small_header());
        held = reader.read(2).generator;
        CHECK(same(reader.read(2), small_snapshot(2)));
    }
    fs::remove(path);
    for (std::size_t i = 0; i < held.size(); ++i)
    {
        CHECK(held[i].values.is_shared() != chunked);
        CHECK(same(held[i], small_snapshot(2).generator[i]));
    }
}

TEST_CASE("h5py and xarray see the layout of a chain", "[chain]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_chain(folder.path);
    CHECK(h5::violations(path).empty());
    python(R"(
import h5py, json, numpy as np, xarray, netCDF4
file = h5py.File(path)
assert file.attrs["filetype"] == "surf_sweep/chain" and file.attrs["schema_version"] == "3.0"
assert file.attrs["origin"] == "a test"
assert path.endswith(file.attrs["chain_id"] + ".h5")
assert dict(file["configuration"].attrs) == dict(seed="1", rate="0.001", model="vae", intervals="3")
generator = dict(file["generator"].attrs)
network = json.loads(generator.pop("network"))
assert generator == dict(label="small", latent_dim=3, prior="uniform", channels=1, height=1, width=2, low=0, high=1, kind="layers")
assert network == dict(input=3, layers=[dict(kind="linear", name="fc1", output=[2]), dict(kind="reshape", output=[1, 1, 2])])
assert list(file["snapshot"]) == ["fc1.weight", "fc1.bias", "bn.count"]
weight = file["snapshot/fc1.weight"]
assert weight.dtype == np.float32 and weight.shape == (4, 2, 3) and weight.chunks is None
assert np.array_equal(weight[2], np.array([[2, 2.5, -2], [1, 2, 3e-30]], dtype=np.float32))
assert file["snapshot/bn.count"].shape == (4,) and list(file["step"]) == [0, 40, 80, 120]
assert file["step"].dtype == np.int64 and file["checksum"].dtype == np.uint64
assert list(file["log"]) == ["discriminator", "diversity", "generator"]
loss = file["log/generator"][...]
assert loss.dtype == np.float64 and np.isnan(loss[0]) and list(loss[1:]) == [1, 1 / 2, 1 / 3]
assert list(file["log/diversity"]) == [0, 1 / 4, 2 / 4, 3 / 4]
samples = file["samples"]
assert samples.dtype == np.float32 and samples.shape == (4, 2, 1, 1, 2) and samples.chunks is None
assert np.array_equal(samples[2], 2 + np.arange(4, dtype=np.float32).reshape(2, 1, 1, 2) / 16)
for dataset in (samples, *(file[n] for n in ("index", "step", "sample", "channel", "row", "column")), *file["log"].values()):
    assert dataset.attrs["units"] == "1" and len(dataset.attrs["long_name"]) > 5, dataset
for engine in ("h5netcdf", "netcdf4"):
    log = xarray.open_dataset(path, group="log", engine=engine)
    assert log.generator.dims == ("index",) and log.generator.long_name == "generator, mean since the snapshot before"
    root = xarray.open_dataset(path, engine=engine)
    assert root.samples.dims == ("index", "sample", "channel", "row", "column")
    assert [list(root[n].values) for n in root.samples.dims] == [[0, 1, 2, 3], [0, 1], [0], [0], [0, 1]]
    assert float(root.samples.sel(index=3, sample=1, channel=0, row=0, column=1)) == 3 + 3 / 16
    snapshot = xarray.open_dataset(path, group="snapshot", engine=engine)
    assert snapshot["fc1.weight"].dims == ("index", "axis0_2", "axis1_3"), snapshot
)",
           path);
}

TEST_CASE("equal chains have equal bytes", "[chain]")
{
    ScratchFolder const folder;
    CHECK(bytes_of(write_small_chain(folder.path / "a")) ==
          bytes_of(write_small_chain(folder.path / "b")));
}

TEST_CASE("a chain that is missing is not found", "[chain]")
{
    ScratchFolder const folder;
    fs::remove(write_small_chain(folder.path));
    CHECK_FALSE(chain::find_chain(folder.path, small_header()).has_value());
}

TEST_CASE("a damaged chain is refused and set aside", "[chain]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_chain(folder.path);
    auto const found = [&] { return chain::find_chain(folder.path, small_header()).has_value(); };
    CHECK(found());
    SECTION("truncated")
    {
        fs::resize_file(path, fs::file_size(path) - 1);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }),
                   Contains(path.string()) && Contains("has no seal at its end"));
        CHECK_FALSE(found());
    }
    SECTION("another major version")
    {
        auto const version = GENERATE(as<std::string>{}, "2.0", "4.0");
        python("import h5py\nh5py.File(path, 'r+').attrs['schema_version'] = '" + version + "'\n",
               path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }),
                   Contains("has schema version " + version + " (this program reads 3.x"));
        CHECK_FALSE(found());
    }
    SECTION("settings that do not hash to the id")
    {
        python("import h5py\nh5py.File(path, 'r+')['configuration'].attrs['rate'] = '1'\n", path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }),
                   Contains("chain_id is not the hash of /configuration"));
        CHECK_FALSE(found());
    }
    SECTION("samples that are too few")
    {
        python(R"(
import h5py
file = h5py.File(path, "r+")
del file["samples"]
file["samples"] = [1.0]
)",
               path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }),
                   Contains("/samples does not fit /index"));
        CHECK_FALSE(found());
    }
    SECTION("no generator")
    {
        python("import h5py\ndel h5py.File(path, 'r+')['generator']\n", path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }), Contains("generator"));
        CHECK_FALSE(found());
    }
    SECTION("an array that is too short")
    {
        python(R"(
import h5py
file = h5py.File(path, "r+")
del file["snapshot/fc1.bias"]
file["snapshot/fc1.bias"] = [1.0]
)",
               path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }),
                   Contains("/snapshot/fc1.bias does not fit /index"));
        CHECK_FALSE(found());
    }
    SECTION("an array that is more than the file can hold")
    {
        python(R"(
import h5py
file = h5py.File(path, "r+")
del file["snapshot/fc1.bias"]
file["snapshot"].create_dataset("fc1.bias", (4, 1 << 40), "f4")
)",
               path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }),
                   Contains("more than the file can hold, for /snapshot/fc1.bias"));
        CHECK_FALSE(found());
    }
    CHECK(fs::exists(path.string() + ".bad"));
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("damage inside a snapshot is found when it is read, in that one alone", "[chain]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_chain(folder.path);
    SECTION("a flipped byte")
    {
        auto const offset = std::stoll(python(
            "import h5py\nprint(h5py.File(path)['snapshot/fc1.weight'].id.get_offset())\n", path));
        flip_byte(path, offset + 2 * 6 * 4 + 5);  // in snapshot 2
        CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }), Contains("is damaged"));
        h5::seal(path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader(path).read(2); }),
                   Contains(path.string() + ": snapshot 2 does not have its checksum"));
    }
    SECTION("a changed step")
    {
        python("import h5py\nh5py.File(path, 'r+')['step'][2] = 81\n", path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader(path).read(2); }),
                   Contains("snapshot 2 does not have its checksum"));
    }
    SECTION("a changed entry of the log")
    {
        python("import h5py\nh5py.File(path, 'r+')['log/generator'][2] = 0.51\n", path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader(path).read(2); }),
                   Contains("snapshot 2 does not have its checksum"));
    }
    SECTION("an entry of the log that is gone")
    {
        python("import h5py\nh5py.File(path, 'r+')['log/diversity'][2] = float('nan')\n", path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader(path).read(2); }),
                   Contains("snapshot 2 does not have its checksum"));
    }
    SECTION("a changed sample image")
    {
        python("import h5py\nh5py.File(path, 'r+')['samples'][2, 1, 0, 0, 1] = 0.5\n", path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader(path).read(2); }),
                   Contains("snapshot 2 does not have its checksum"));
    }
    SECTION("a NaN")
    {
        python("import h5py\nh5py.File(path, 'r+')['snapshot/fc1.bias'][2, 1] = float('nan')\n",
               path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader(path).read(2); }),
                   Contains("snapshot 2 has a value in fc1.bias that is not finite"));
    }
    chain::Reader const reader(path);
    for (std::int64_t const t : {0, 1, 3})
    {
        CHECK(same(reader.read(t), small_snapshot(t)));
    }
}

TEST_CASE("a chain that is cut short while it is open is damaged, not the end", "[chain]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_chain(folder.path);
    chain::Reader const reader(path);
    auto const offset = std::stoull(python(
        "import h5py\nprint(h5py.File(path)['snapshot/fc1.weight'].id.get_offset())\n", path));
    fs::resize_file(path, offset);
    CHECK_THROWS_AS(reader.read(3), FileError);
}

TEST_CASE("a chain of another job is told by the settings that differ, and kept", "[chain]")
{
    ScratchFolder const folder;
    auto const expected = small_header(0.002);
    fs::path const path = chain::chain_path(folder.path, expected.id());
    fs::copy(write_small_chain(folder.path), path);
    auto const text =
        error_of<chain::OtherJobError>([&] { chain::find_chain(folder.path, expected); });
    CHECK_THAT(text, Contains(path.string() + ": rate = 0.001, not 0.002 (the chain belongs"));
    CHECK(fs::exists(path));
}

TEST_CASE("the first few differences of two configurations are named", "[chain]")
{
    CanonicalText here;
    CanonicalText there;
    for (char const* key : {"a", "b", "c", "d", "e"})
    {
        here.add(key, "1");
        there.add(key, "2");
    }
    there.add("aa", "3");
    CHECK(chain::first_differences(here, there) ==
          "a = 1, not 2; aa = (not set), not 3; b = 1, not 2; 3 more differ");
    CHECK(chain::first_differences(here, here).empty());
}

TEST_CASE("a missing or foreign file in a broken schema is told", "[chain]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_chain(folder.path);
    python(R"(
import h5py
file = h5py.File(path, "r+")
del file["log/generator"].attrs["units"]
file["extra"] = 1
)",
           path);
    CHECK(h5::violations(path) ==
          std::vector<std::string>{"/log/generator: attribute units is missing",
                                   "/extra: not among the datasets of the schema"});
}
