#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>

#include "chain/small_chain.hpp"
#include "hdf5/file.hpp"
#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"

using namespace surf;
using namespace surf::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

struct Partial
{
    ScratchFolder scratch;
    fs::path folder =
        chain::chain_path(scratch.path, small_header().id()).replace_extension(".partial");

    chain::PartialChain open() const { return {scratch.path, small_header()}; }
    fs::path snapshot(int t) const
    {
        return folder / ("snapshot-0000" + std::to_string(t) + ".h5");
    }
    /// As a trainer that was killed after its second snapshot leaves it.
    void interrupt() const
    {
        chain::PartialChain partial = open();
        for (std::int64_t const t : {0, 1})
        {
            partial.write_snapshot(small_snapshot(t));
            partial.write_state(small_state(t + 1));
        }
    }
};

}  // namespace

TEST_CASE("a new chain starts at the beginning", "[partial_chain]")
{
    Partial const partial;
    CHECK_FALSE(partial.open().load_state().has_value());
}

TEST_CASE("a killed trainer goes on from its last state and ends with equal bytes",
          "[partial_chain]")
{
    Partial const partial;
    partial.interrupt();
    CHECK(h5::violations(partial.snapshot(0)).empty());
    CHECK(h5::violations(partial.snapshot(1)).empty());
    CHECK(h5::violations(partial.folder / "state.h5").empty());

    chain::PartialChain resumed = partial.open();
    auto const state = resumed.load_state();
    REQUIRE(state.has_value());
    CHECK(state->step == 80);
    CHECK(state->next_snapshot == 2);
    REQUIRE(state->arrays.size() == 2);
    CHECK(state->arrays[0].name == "optimiser.fc1.weight.m");
    CHECK(state->arrays[0].shape == std::vector<std::int64_t>{2, 2});
    CHECK(state->arrays[0].values == small_state(2).arrays[0].values);
    for (std::int64_t t = state->next_snapshot; t < 4; ++t)
    {
        resumed.write_snapshot(small_snapshot(t));
    }
    resumed.finish();
    CHECK_FALSE(fs::exists(partial.folder));

    ScratchFolder const uninterrupted;
    CHECK(bytes_of(chain::chain_path(partial.scratch.path, small_header().id())) ==
          bytes_of(write_small_chain(uninterrupted.path)));
}

TEST_CASE("why a training came to nothing is told until it is taken up again", "[partial_chain]")
{
    Partial const partial;
    ChainId const id = small_header().id();
    CHECK_FALSE(chain::divergence(partial.scratch.path, id).has_value());
    partial.interrupt();
    CHECK_FALSE(chain::divergence(partial.scratch.path, id).has_value());
    partial.open().mark_diverged("snapshot 2: a value in fc1.weight is nan");
    CHECK(chain::divergence(partial.scratch.path, id) ==
          "snapshot 2: a value in fc1.weight is nan");

    chain::PartialChain again = partial.open();
    CHECK_FALSE(chain::divergence(partial.scratch.path, id).has_value());
    CHECK(again.load_state()->next_snapshot == 2);

    // Whatever somebody made of the file: one line of plain text.
    std::ofstream(partial.folder / "diverged.txt") << "\xff\x01 not\tme\nnor me";
    CHECK(chain::divergence(partial.scratch.path, id) == "?? not?me");
    std::ofstream(partial.folder / "diverged.txt").flush();
    CHECK(chain::divergence(partial.scratch.path, id) == "unknown");
}

TEST_CASE("what is damaged in a chain in the making is set aside", "[partial_chain]")
{
    Partial const partial;
    partial.interrupt();
    fs::path damaged;
    SECTION("a snapshot: the state that builds on it goes too")
    {
        damaged = partial.snapshot(0);
        auto const offset = std::stoll(
            python("import h5py\nprint(h5py.File(path)['snapshot/fc1.weight'].id.get_offset())\n",
                   damaged));
        flip_byte(damaged, offset + 5);
    }
    SECTION("a snapshot under another's name")
    {
        damaged = partial.snapshot(1);
        REQUIRE(fs::copy_file(partial.snapshot(0), damaged, fs::copy_options::overwrite_existing));
    }
    SECTION("the state")
    {
        damaged = partial.folder / "state.h5";
        python(
            "import h5py\nh5py.File(path, 'r+')['state'].visititems("
            "lambda n, d: d.write_direct(d[...] + 1) if d.size else None)\n",
            damaged);
    }
    SECTION("the state's step")
    {
        damaged = partial.folder / "state.h5";
        python("import h5py\nh5py.File(path, 'r+').attrs.modify('step', 79)\n", damaged);
    }
    CHECK_FALSE(partial.open().load_state().has_value());
    CHECK(fs::exists(damaged.string() + ".bad"));
    CHECK(fs::exists((partial.folder / "state.h5").string() + ".bad"));
    CHECK_THAT(error_of<FileError>([&] { partial.open().finish(); }), Contains("is missing"));
}

TEST_CASE("files of another configuration are set aside", "[partial_chain]")
{
    Partial const partial;
    {
        ScratchFolder const other;
        chain::PartialChain foreign(other.path, small_header(0.5));
        foreign.write_snapshot(small_snapshot(0));
        foreign.write_state(small_state(1));
        fs::path const source =
            chain::chain_path(other.path, small_header(0.5).id()).replace_extension(".partial");
        fs::create_directories(partial.folder);
        fs::copy(source, partial.folder);
    }
    CHECK_FALSE(partial.open().load_state().has_value());
    CHECK(fs::exists(partial.snapshot(0).string() + ".bad"));
    CHECK(fs::exists((partial.folder / "state.h5").string() + ".bad"));
}

TEST_CASE("what a killed writer left unpublished is never seen and cleared away", "[partial_chain]")
{
    Partial const partial;
    partial.interrupt();
    pid_t const child = ::fork();
    if (child == 0)
    {
        h5::FileWriter file(partial.snapshot(2), {.name = "surf_sweep/chain"});
        file.root().create_dataset("index", {h5::Type::int64, {1}});
        ::raise(SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    auto const files = [&] { return std::distance(fs::directory_iterator(partial.folder), {}); };
    CHECK(files() == 5);  // two snapshots, the state, its lock and what is half written
    fs::path const chains = partial.folder.parent_path();
    fs::path const of_finish = chains / (small_header().id().hex() + ".h5.tmp-node-1");
    fs::path const of_another = chains / "0123.h5.tmp-node-1";
    std::ofstream(of_finish) << "half a chain";
    std::ofstream(of_another) << "half of another";
    CHECK_FALSE(fs::exists(partial.snapshot(2)));
    CHECK(partial.open().load_state()->next_snapshot == 2);
    CHECK(files() == 4);
    CHECK_FALSE(fs::exists(of_finish));
    CHECK(fs::exists(of_another));
}

TEST_CASE("what is not finite is not written", "[partial_chain]")
{
    Partial const partial;
    auto const refuse = [&](chain::Snapshot const& snapshot, std::string const& quantity) {
        CHECK_THAT(error_of<chain::DivergedError>([&] { partial.open().write_snapshot(snapshot); }),
                   Contains("snapshot 1: " + quantity) && Contains("diverged") &&
                       Contains("lower train.generator_rate"));
        CHECK_FALSE(fs::exists(partial.snapshot(1)));
    };
    auto snapshot = small_snapshot(1);
    snapshot.generator[1].values[0] = std::numeric_limits<float>::infinity();
    refuse(snapshot, "a value in fc1.bias is inf");
    snapshot = small_snapshot(1);
    snapshot.log["gradient_norm"] = std::numeric_limits<double>::quiet_NaN();
    refuse(snapshot, "gradient_norm is nan");
    snapshot = small_snapshot(1);
    snapshot.samples.values[3] = -std::numeric_limits<float>::infinity();
    refuse(snapshot, "a value in samples is -inf");

    partial.open().write_snapshot(small_snapshot(1));
    CHECK(fs::exists(partial.snapshot(1)));
}

TEST_CASE("a state with a value that is not finite is not written", "[partial_chain]")
{
    Partial const partial;
    partial.interrupt();
    auto state = small_state(3);
    state.arrays[0].values[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THAT(error_of<chain::DivergedError>([&] { partial.open().write_state(state); }),
               Contains("snapshot 2: a value in optimiser.fc1.weight.m is nan"));
    CHECK(partial.open().load_state()->next_snapshot == 2);
}

TEST_CASE("one process at a time trains a chain, others of the folder go on", "[partial_chain]")
{
    Partial const partial;
    chain::PartialChain mine = partial.open();
    CHECK_THAT(error_of<EnvironmentError>([&] { partial.open(); }),
               Contains("another surf_sweep works in " + partial.folder.string()));
    chain::PartialChain another(partial.scratch.path, small_header(0.5));
    another.write_snapshot(small_snapshot(0));
    for (std::int64_t t = 0; t < 4; ++t)
    {
        mine.write_snapshot(small_snapshot(t));
    }
    // What finish() removes, it must remove with the lock in it and its own.
    chain::remove_remains(partial.scratch.path, small_header().id());
    CHECK(fs::exists(partial.snapshot(3)));
    mine.finish();
    CHECK(partial.scratch.files() == 2);  // the chain, and the other one's folder
    CHECK(chain::find_chain(partial.scratch.path, small_header()));
    CHECK(another.read_snapshot(0).step == 0);
}

TEST_CASE("the remains of a finished chain are cleared away", "[partial_chain]")
{
    Partial const partial;
    partial.interrupt();
    fs::path const leaving = fs::path(partial.folder).replace_extension(".removed");
    fs::create_directories(leaving);
    std::ofstream(leaving / "snapshot-00000.h5") << "x";
    chain::remove_remains(partial.scratch.path, small_header().id());
    CHECK(partial.scratch.files() == 0);
    chain::remove_remains(partial.scratch.path, small_header().id());
    CHECK(partial.scratch.files() == 0);
}

TEST_CASE("a chain may have no samples, and entries of the log at some snapshots only",
          "[partial_chain]")
{
    Partial const partial;
    auto const snapshot_of = [](std::int64_t t) {
        chain::Snapshot snapshot = small_snapshot(t);
        snapshot.samples = {"samples", {0, 0, 0, 0}, {}};
        snapshot.log = {};
        if (t == 2)
        {
            snapshot.log["seldom"] = 7;
        }
        return snapshot;
    };
    chain::PartialChain chain = partial.open();
    for (std::int64_t t = 0; t < 4; ++t)
    {
        chain.write_snapshot(snapshot_of(t));
    }
    chain.finish();
    fs::path const path = chain::chain_path(partial.scratch.path, small_header().id());
    CHECK(h5::violations(path).empty());
    chain::Reader const reader(path);
    for (std::int64_t t = 0; t < 4; ++t)
    {
        CHECK(same(reader.read(t), snapshot_of(t)));
    }
}
