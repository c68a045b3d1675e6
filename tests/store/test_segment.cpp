#include <catch2/catch.hpp>
#include <cmath>

#include "base/error.hpp"
#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"
#include "store/segment.hpp"
#include "store/small_outcomes.hpp"

using namespace surf;
using namespace surf::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

fs::path write_small(fs::path const& output, BlockSpec const& block = small_block())
{
    store::write_segment(output, block, small_outcomes(block.first, block.count, 5),
                         {"node7", "cpu", 12.5, 3, 1.5e9, 100});
    return store::segment_path(output, block.id());
}

/// NaN equals NaN.
bool same(double left, double right)
{
    return left == right || (std::isnan(left) && std::isnan(right));
}

}  // namespace

TEST_CASE("a segment gives back its outcomes", "[segment]")
{
    ScratchFolder const folder;
    write_small(folder.path);
    auto const segment = store::find_segment(folder.path, small_block());
    REQUIRE(segment.has_value());
    CHECK(segment->block == small_block().id());
    CHECK(segment->cell == small_block().cell.canonical().text());
    CHECK(segment->task == Task::recovery);
    CHECK(segment->first == 50);
    CHECK((segment->budget == Budget{471, 9000}));
    CHECK(segment->run.host == "node7");
    CHECK(segment->run.seconds == 12.5);
    CHECK(segment->run.rank == 3);
    CHECK(segment->run.start == 1.5e9);
    CHECK(segment->run.test_images == 100);
    auto const expected = small_outcomes(50, 10, 5);
    REQUIRE(segment->outcomes.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
    {
        TrialOutcome const& read = segment->outcomes[i];
        CHECK(read.trial == expected[i].trial);
        CHECK(read.stop_reason == expected[i].stop_reason);
        CHECK(read.success == expected[i].success);
        CHECK(read.iterations == expected[i].iterations);
        CHECK(read.first_hit == expected[i].first_hit);
        CHECK(same(read.objective, expected[i].objective));
        CHECK(same(read.distance, expected[i].distance));
        CHECK(same(read.pixel_error, expected[i].pixel_error));
        CHECK(read.best_objective == expected[i].best_objective);
        CHECK(read.latent == expected[i].latent);
        CHECK(read.best_latent == expected[i].best_latent);
    }
}

TEST_CASE("h5py sees columns with their meanings", "[segment]")
{
    ScratchFolder const folder;
    fs::path const path = write_small(folder.path);
    CHECK(h5::violations(path).empty());
    python(R"(
import h5py, numpy as np
file = h5py.File(path)
assert file.attrs["filetype"] == "surf_sweep/segment" and file.attrs["first"] == 50
assert file.attrs["budget_steps"] == 471 and file.attrs["budget_evaluations"] == 9000
assert file.attrs["host"] == "node7" and file.attrs["seconds"] == 12.5
assert file.attrs["task"] == "recovery" and file.attrs["schema_version"] == "4.1"
assert "measurements = 100\n" in file.attrs["cell"] and file.attrs["block_id"] + ".h5" in path
assert list(file["trial"]) == list(range(50, 60)) and file["trial"].dtype == np.int64
reason = file["stop_reason"]
assert reason.dtype == np.int8 and list(reason[:3]) == [2, 0, 1]
assert list(reason.attrs["flag_values"]) == [0, 1, 2]
assert reason.attrs["flag_meanings"] == "converged iteration_cap non_finite"
assert list(file["success"][:3]) == [0, 1, 0] and file["success"].attrs["flag_meanings"] == "no yes"
assert list(file["first_hit"][:3]) == [-1, 551, -1] and file["first_hit"].attrs["_FillValue"] == -1
assert np.isnan(file["distance"][0]) and file["distance"][1] == 0.001 * 51
assert file["latent"].shape == (10, 5) and file["latent"].dtype == np.float32
assert file["latent"].dims[0][0].name == "/row" and file["latent"].dims[1][0].name == "/latent_component"
assert all(set(d.attrs) >= {"units", "long_name"} for d in file.values())
)",
           path);
}

TEST_CASE("a segment of an earlier version does not say when it was computed", "[segment]")
{
    ScratchFolder const folder;
    fs::path const path = write_small(folder.path);
    python(R"(
import h5py, sys
with h5py.File(path, "r+") as file:
    for name in ("rank", "start", "test_images"):
        del file.attrs[name]
    file.attrs["schema_version"] = "4.0"
)",
           path);
    CHECK(h5::violations(path).empty());
    auto const segment = store::find_segment(folder.path, small_block());
    REQUIRE(segment.has_value());
    CHECK(segment->outcomes[1] == small_outcomes(50, 10, 5)[1]);
    CHECK(segment->run.host == "node7");
    CHECK(segment->run.rank == store::BlockRun::unknown);
    CHECK(std::isnan(segment->run.start));
    CHECK(segment->run.test_images == store::BlockRun::unknown);
}

TEST_CASE("a segment that is not there is none", "[segment]")
{
    ScratchFolder const folder;
    CHECK_FALSE(store::find_segment(folder.path, small_block()).has_value());
}

TEST_CASE("a damaged segment is refused and set aside", "[segment]")
{
    ScratchFolder const folder;
    fs::path const path = write_small(folder.path);
    auto const edit = [&](std::string const& line) {
        python("import h5py\nfile = h5py.File(path, 'r+')\n" + line + "\n", path);
    };
    std::string reason;
    SECTION("truncated")
    {
        REQUIRE(fs::file_size(path) > 100);
        fs::resize_file(path, fs::file_size(path) - 100);
        reason = "has no seal at its end";
    }
    SECTION("a changed value")
    {
        edit("file['iterations'][3] += 1");
        reason = "the outcomes do not have their checksum";
    }
    SECTION("a changed latent")
    {
        edit("file['latent'][3, 2] += 1");
        reason = "the outcomes do not have their checksum";
    }
    SECTION("a changed attribute")
    {
        edit("file.attrs.modify('budget_steps', 472)");
        reason = "the outcomes do not have their checksum";
    }
    SECTION("an unknown stop reason")
    {
        edit("file['stop_reason'][3] = 9");
        reason = "trial 53 has the unknown stop reason 9";
    }
    SECTION("trials out of order")
    {
        edit("file['trial'][3] = 54");
        reason = "trial 54 is out of order";
    }
    SECTION("a value that is not finite")
    {
        edit("file['distance'][1] = float('inf')");
        reason = "trial 51 has a value that is not finite";
    }
    SECTION("a distance that is missing although there is a true latent")
    {
        edit("file['distance'][1] = float('nan')");
        reason = "trial 51 has a value that is not finite";
    }
    SECTION("an unknown task")
    {
        edit("file.attrs['task'] = 'rescue'");
        reason = "names no known task (rescue)";
    }
    SECTION("another task than the cell's")
    {
        edit("file.attrs['task'] = 'inversion'");
        reason = "the outcomes do not have their checksum";
    }
    SECTION("a missing column")
    {
        edit("del file['iterations']");
        reason = "cannot open dataset iterations";
    }
    SECTION("another major version")
    {
        edit("file.attrs['schema_version'] = '7.1'");
        reason = "has schema version 7.1";
    }
    SECTION("another block's file")
    {
        auto other = small_block();
        other.budget.steps = 500;
        REQUIRE(other.id() != small_block().id());
        fs::rename(write_small(folder.path, other), path);
        reason = "holds block " + other.id().hex();
    }
    CHECK_THAT(error_of<FileError>([&] { store::read_segment(path); }),
               Contains(path.string()) && Contains(reason));
    CHECK_FALSE(store::find_segment(folder.path, small_block()).has_value());
    CHECK_FALSE(fs::exists(path));
    CHECK(fs::exists(path.string() + ".bad"));
    write_small(folder.path);
    CHECK(store::find_segment(folder.path, small_block()).has_value());
}

TEST_CASE("an approximation's segment holds NaN for its distances, and nothing else", "[segment]")
{
    ScratchFolder const folder;
    auto block = small_block();
    block.cell.problem.task = Task::approximation;
    auto const outcomes = small_approximations(block.first, block.count, 5);
    auto const write = [&](std::vector<TrialOutcome> const& written) {
        store::write_segment(folder.path, block, written, {"node7", "cpu", 12.5});
        return store::segment_path(folder.path, block.id());
    };
    fs::path const path = write(outcomes);
    CHECK(h5::violations(path).empty());
    auto const segment = store::find_segment(folder.path, block);
    REQUIRE(segment.has_value());
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        CHECK(std::isnan(segment->outcomes[i].distance));
        CHECK(same(segment->outcomes[i].pixel_error, outcomes[i].pixel_error));
    }
    python("import h5py, numpy as np\nassert np.isnan(h5py.File(path)['distance'][:]).all()\n",
           path);

    auto const refused = [&](auto change, std::string const& reason) {
        auto changed = outcomes;
        change(changed[1]);
        CHECK_THAT(error_of<FileError>([&] { store::read_segment(write(changed)); }),
                   Contains("trial 51") && Contains(reason));
    };
    std::string const distance = "has a distance, but approximation has no true latent";
    refused([](TrialOutcome& outcome) { outcome.distance = 0.5; }, distance);
    refused([](TrialOutcome& outcome) { outcome.success = true; }, distance);
    refused([](TrialOutcome& outcome) { outcome.first_hit = 3; }, distance);
    refused([](TrialOutcome& outcome) { outcome.pixel_error = NAN; }, "is not finite");
}

TEST_CASE("a segment with a column too many breaks its schema", "[segment]")
{
    ScratchFolder const folder;
    fs::path const path = write_small(folder.path);
    python("import h5py\nfile = h5py.File(path, 'r+')\nfile['note'] = 1\n", path);
    CHECK(h5::violations(path) ==
          std::vector<std::string>{"/note: not among the datasets of the schema"});
}
