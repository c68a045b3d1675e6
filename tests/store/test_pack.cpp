#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"
#include "store/outcome_columns.hpp"
#include "store/pack.hpp"
#include "store/small_outcomes.hpp"

using namespace surf;
using namespace surf::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

/// Three blocks of four trials, from trial 8 on.
store::PackSpec small_pack()
{
    BlockSpec const block = small_block();
    return {.cell = block.cell, .first = 8, .block_size = 4, .blocks = 3, .budget = block.budget};
}

store::BlockRun run_of(std::int64_t block)
{
    return {.host = block == 1 ? "node17" : "n2",
            .device = "",
            .seconds = 12.5 + static_cast<double>(block),
            .rank = block == 2 ? store::BlockRun::unknown : block,
            .start = block == 2 ? NAN : 1.5e9 + static_cast<double>(block),
            .test_images = 100};
}

fs::path write_block(fs::path const& output, store::PackSpec const& pack, std::int64_t number)
{
    BlockSpec const block = pack.block(number);
    store::write_segment(output, block, small_outcomes(block.first, block.count, 5),
                         run_of(number));
    return store::segment_path(output, block.id());
}

/// The files of its blocks.
std::vector<fs::path> write_blocks(fs::path const& output, store::PackSpec const& pack)
{
    std::vector<fs::path> files;
    for (std::int64_t i = 0; i < pack.blocks; ++i)
    {
        files.push_back(write_block(output, pack, i));
    }
    return files;
}

fs::path write_small_pack(fs::path const& output, store::PackSpec const& pack = small_pack())
{
    write_blocks(output, pack);
    REQUIRE(store::pack_blocks(output, pack) == store::Packing::done);
    return store::pack_path(output, pack.id());
}

template <class T>
bool same_bits(T const& left, T const& right)
{
    return std::memcmp(&left, &right, sizeof(T)) == 0;
}

bool same_bits(std::vector<float> const& left, std::vector<float> const& right)
{
    return left.size() == right.size() &&
           std::memcmp(left.data(), right.data(), left.size() * sizeof(float)) == 0;
}

/// Bit for bit, NaN included.
void check_same(store::Segment const& left, store::Segment const& right)
{
    CHECK(left.block == right.block);
    CHECK(left.cell == right.cell);
    CHECK(left.task == right.task);
    CHECK(left.first == right.first);
    CHECK(left.budget == right.budget);
    CHECK(left.run.host == right.run.host);
    CHECK(left.run.device == right.run.device);
    CHECK(same_bits(left.run.seconds, right.run.seconds));
    CHECK(left.run.rank == right.run.rank);
    CHECK(same_bits(left.run.start, right.run.start));
    CHECK(left.run.test_images == right.run.test_images);
    REQUIRE(left.outcomes.size() == right.outcomes.size());
    for (std::size_t i = 0; i < left.outcomes.size(); ++i)
    {
        for (store::NumberColumn const& column : store::number_columns)
        {
            INFO(column.name);
            std::visit(
                [&](auto member) {
                    CHECK(same_bits(left.outcomes[i].*member, right.outcomes[i].*member));
                },
                column.member);
        }
        for (store::LatentColumn const& column : store::latent_columns)
        {
            CHECK(same_bits(left.outcomes[i].*column.member, right.outcomes[i].*column.member));
        }
    }
}

std::int64_t files_in(fs::path const& folder)
{
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_CASE("a pack gives back its blocks' segments, bit for bit", "[pack]")
{
    ScratchFolder const folder;
    store::PackSpec const pack = small_pack();
    std::vector<store::Segment> segments;
    for (fs::path const& file : write_blocks(folder.path, pack))
    {
        segments.push_back(store::read_segment(file));
    }
    CHECK_FALSE(store::find_pack(folder.path, pack).has_value());
    REQUIRE(store::pack_blocks(folder.path, pack) == store::Packing::done);
    CHECK(files_in(folder.path / "segments") == 0);
    CHECK(files_in(folder.path / "packs") == 1);

    auto const packed = store::find_pack(folder.path, pack);
    REQUIRE(packed.has_value());
    REQUIRE(packed->size() == segments.size());
    for (std::size_t i = 0; i < segments.size(); ++i)
    {
        check_same(segments[i], (*packed)[i]);
    }
    // Again: there is nothing to do.
    auto const before = fs::last_write_time(store::pack_path(folder.path, pack.id()));
    CHECK(store::pack_blocks(folder.path, pack) == store::Packing::done);
    CHECK(fs::last_write_time(store::pack_path(folder.path, pack.id())) == before);
}

TEST_CASE("a pack's id follows from all that says which blocks are in it", "[pack]")
{
    auto const id_with = [](auto change) {
        store::PackSpec pack = small_pack();
        change(pack);
        return pack.id();
    };
    std::set<PackId> const ids = {
        small_pack().id(),
        id_with([](store::PackSpec& pack) { pack.cell.adam.beta2 = 0.99; }),
        id_with([](store::PackSpec& pack) { pack.first = 12; }),
        id_with([](store::PackSpec& pack) { pack.block_size = 6; }),
        id_with([](store::PackSpec& pack) { pack.blocks = 4; }),
        id_with([](store::PackSpec& pack) { pack.budget.steps = 0; }),
        id_with([](store::PackSpec& pack) { pack.budget.evaluations = 9; }),
    };
    CHECK(ids.size() == 7);
}

TEST_CASE("h5py, xarray and netCDF4 see a pack's columns over rows and blocks", "[pack]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_pack(folder.path);
    CHECK(h5::violations(path).empty());
    python(R"(
import h5py, netCDF4, numpy as np, xarray
file = h5py.File(path)
assert file.attrs["filetype"] == "surf_sweep/pack" and file.attrs["task"] == "recovery"
assert file.attrs["budget_steps"] == 471 and file.attrs["budget_evaluations"] == 9000
assert list(file["first"]) == [8, 12, 16] and list(file["count"]) == [4, 4, 4]
assert list(file["host"].asstr()) == ["n2", "node17", "n2"] and file["host"].dtype == "S6"
assert file["block_id"].dtype == "S32" and file["checksum"].dtype == np.uint64
assert list(file["trial"]) == list(range(8, 20)) and file["latent"].shape == (12, 5)
assert all(set(d.attrs) >= {"units", "long_name"} for d in file.values())
for engine in ("netcdf4", "h5netcdf"):
    data = xarray.open_dataset(path, engine=engine)
    assert data.seconds.dims == ("block",) and data.distance.dims == ("row",), data
    assert list(data.seconds.values) == [12.5, 13.5, 14.5] and np.isnan(data["rank"].values[2])
    assert str(data.start.values[0]) == "2017-07-14T02:40:00.000000000", data.start
assert list(netCDF4.Dataset(path)["host"][...]) == ["n2", "node17", "n2"]
)",
           path);
}

TEST_CASE("blocks are found in their pack and in files of their own", "[pack]")
{
    ScratchFolder const folder;
    store::PackSpec const pack = small_pack();
    auto const found = [&](std::int64_t wanted) {
        std::vector<std::int64_t> firsts;
        for (store::Segment const& segment : store::find_blocks(folder.path, pack, wanted))
        {
            firsts.push_back(segment.first);
        }
        return firsts;
    };
    using Firsts = std::vector<std::int64_t>;
    CHECK(found(3).empty());
    write_block(folder.path, pack, 2);
    CHECK(found(3) == Firsts{16});
    CHECK(found(2).empty());
    CHECK(store::pack_blocks(folder.path, pack) == store::Packing::incomplete);
    CHECK(found(3) == Firsts{16});
    write_small_pack(folder.path);
    CHECK(found(3) == Firsts{8, 12, 16});
    CHECK(found(2) == Firsts{8, 12});

    // What a run leaves that was killed between the pack and the removal of what it replaces.
    write_blocks(folder.path, pack);
    CHECK(found(3) == Firsts{8, 12, 16});
    CHECK(store::pack_blocks(folder.path, pack) == store::Packing::done);
    CHECK(files_in(folder.path / "segments") == 0);

    // The pack was damaged meanwhile: it is made again of the files.
    write_blocks(folder.path, pack);
    fs::path const path = store::pack_path(folder.path, pack.id());
    fs::resize_file(path, fs::file_size(path) / 2);
    CHECK(store::find_blocks(folder.path, pack, 3, store::OnDamage::leave).size() == 3);
    CHECK(store::pack_blocks(folder.path, pack) == store::Packing::done);
    CHECK(fs::exists(path.string() + ".bad"));
    CHECK(files_in(folder.path / "segments") == 0);
    CHECK(found(3) == Firsts{8, 12, 16});
}

TEST_CASE("a damaged segment is not packed", "[pack]")
{
    ScratchFolder const folder;
    store::PackSpec const pack = small_pack();
    auto const files = write_blocks(folder.path, pack);
    fs::resize_file(files[1], fs::file_size(files[1]) / 2);
    CHECK(store::pack_blocks(folder.path, pack) == store::Packing::incomplete);
    CHECK(fs::exists(files[0]));
    CHECK(fs::exists(files[1].string() + ".bad"));
    CHECK(fs::exists(files[2]));
    CHECK_FALSE(store::find_pack(folder.path, pack).has_value());
    write_block(folder.path, pack, 1);
    CHECK(store::pack_blocks(folder.path, pack) == store::Packing::done);
    CHECK(store::find_blocks(folder.path, pack, 3).size() == 3);
}

TEST_CASE("a damaged pack is refused and set aside", "[pack]")
{
    struct Damage
    {
        std::string change;  ///< in h5py's words
        std::string reason;
    };
    std::vector<Damage> const damages = {
        {"file['iterations'][7] += 1", "the outcomes of block 1 do not have their checksum"},
        {"file['latent'][11, 2] += 1", "the outcomes of block 2 do not have their checksum"},
        {"file['checksum'][0] += 1", "the outcomes of block 0 do not have their checksum"},
        {"file['block_id'][0] = file['block_id'][1]", "the outcomes of block 0 do not have their"},
        {"file.attrs['task'] = 'inversion'", "the outcomes of block 0 do not have their checksum"},
        {"file.attrs['task'] = 'rescue'", "names no known task (rescue)"},
        {"file['stop_reason'][3] = 9", "trial 11 has the unknown stop reason 9"},
        {"file['trial'][4] = 54", "trial 54 is out of order"},
        {"file['distance'][1] = float('inf')", "trial 9 has a value that is not finite"},
        {"file.attrs.modify('budget_steps', 472)", "holds pack "},
        {"file.attrs['cell'] = 'another'", "holds pack "},
        {"file['first'][0] = 4", "holds pack "},
        {"file['first'][2] = 17", "block 2 is out of order"},
        {"file['count'][1] = 3", "block 1 is out of order"},
        {"del file['iterations']", "cannot open dataset iterations"},
        {"del file['host']", "cannot open dataset host"},
        {"del file['rank']; file['rank'] = [1, 2]", "column rank has 2 values for 3 blocks"},
        {"del file['host']; file['host'] = [1, 2, 3]", "use 3 string values"},
        {"file.attrs['schema_version'] = '7.1'", "has schema version 7.1"},
        {"file.attrs['filetype'] = 'surf_sweep/segment'", "has filetype surf_sweep/segment"},
    };
    ScratchFolder const folder;
    fs::path const sound = write_small_pack(folder.path);
    std::string script = "import h5py\n";
    std::vector<fs::path> outputs;
    for (Damage const& damage : damages)
    {
        outputs.push_back(folder.path / std::to_string(outputs.size()));
        fs::path const path = store::pack_path(outputs.back(), small_pack().id());
        fs::create_directories(path.parent_path());
        fs::copy_file(sound, path);
        script += fmt::format("with h5py.File('{}', 'r+') as file:\n  {}\n", path.string(),
                              damage.change);
    }
    python(script, folder.path);
    for (std::size_t i = 0; i < damages.size(); ++i)
    {
        INFO(damages[i].change);
        fs::path const path = store::pack_path(outputs[i], small_pack().id());
        h5::seal(path);
        CHECK_THAT(error_of<FileError>([&] { store::read_pack(path); }),
                   Contains(path.string()) && Contains(damages[i].reason));
        CHECK_FALSE(store::find_pack(outputs[i], small_pack(), store::OnDamage::leave));
        CHECK(fs::exists(path));
        CHECK_FALSE(store::find_pack(outputs[i], small_pack()));
        CHECK_FALSE(fs::exists(path));
        CHECK(fs::exists(path.string() + ".bad"));
    }
}

TEST_CASE("another pack's file is refused", "[pack]")
{
    ScratchFolder const folder;
    store::PackSpec other = small_pack();
    other.first = 20;
    fs::path const path = store::pack_path(folder.path, small_pack().id());
    fs::rename(write_small_pack(folder.path, other), path);
    CHECK_THAT(error_of<FileError>([&] { store::read_pack(path); }),
               Contains("holds pack " + other.id().hex()));
    fs::path const own = write_small_pack(folder.path, other);
    CHECK_THAT(error_of<FileError>([&] { store::read_pack(own, small_pack()); }),
               Contains("does not hold the blocks of its name"));
}
