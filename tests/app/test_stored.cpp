#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/results.hpp"
#include "app/small_sweep.hpp"
#include "app/stored.hpp"
#include "app/summary_table.hpp"
#include "base/error.hpp"
#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"
#include "chain/small_chain.hpp"
#include "hdf5/file.hpp"
#include "hdf5/schema.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;
using sched::BlockIndex;
using surf::test::data_spec;
using surf::test::SmallSweep;
namespace fs = std::filesystem;

TEST_CASE("a surfing cell's blocks are found by the budget of its adam cell", "[stored]")
{
    SmallSweep const sweep;
    CHECK(sweep.cells()[0].blocks.empty());
    CHECK(sweep.cells()[1].blocks.empty());

    sweep.store_block(BlockIndex{0}, 0, 500);
    sweep.store_block(BlockIndex{1}, 0, 500);
    sweep.store_block(BlockIndex{2}, 500, 600);
    sweep.store_block(BlockIndex{3}, 499, 600);  // of another budget: not of this job
    auto const cells = sweep.cells();
    CHECK(cells[0].blocks == std::vector{BlockIndex{0}, BlockIndex{1}});
    CHECK(cells[0].complete());
    CHECK(cells[0].result.outcomes.size() == 6);
    CHECK(cells[0].result.outcomes.back().trial == 5);
    CHECK(cells[1].blocks == std::vector{BlockIndex{2}});
    CHECK_FALSE(cells[1].complete());
    CHECK((cells[1].result.budget == Budget{.steps = 500}));
    CHECK(cells[1].result.planned == 6);
}

TEST_CASE("a damaged segment is not stored; status leaves it, reduce sets it aside", "[stored]")
{
    SmallSweep const sweep;
    fs::path const segment = sweep.store_block(BlockIndex{0}, 0, 500);
    fs::resize_file(segment, fs::file_size(segment) / 2);
    CHECK(sweep.cells(store::OnDamage::leave)[0].blocks.empty());
    CHECK(fs::exists(segment));
    CHECK(set_aside_files(sweep.job).empty());
    CHECK(sweep.cells(store::OnDamage::set_aside)[0].blocks.empty());
    CHECK_FALSE(fs::exists(segment));
    CHECK(set_aside_files(sweep.job) == std::vector<fs::path>{segment.string() + ".bad"});
}

TEST_CASE("blocks are counted by their files' names", "[stored]")
{
    SmallSweep const sweep;
    auto const counts = [&] {
        std::vector<std::int64_t> blocks;
        for (NamedBlocks const& cell : named_blocks(sweep.plan, sweep.job.output))
        {
            blocks.push_back(std::ssize(cell.stored));
        }
        return blocks;
    };
    CHECK(counts() == std::vector<std::int64_t>{0, 0});
    fs::path const first = sweep.store_block(BlockIndex{0}, 0, 500);
    fs::path const second = sweep.store_block(BlockIndex{1}, 0, 500);
    fs::path const surfed = sweep.store_block(BlockIndex{2}, 500, 600);
    CHECK(counts() == std::vector<std::int64_t>{2, 1});

    // What the first cell grants is read from its segments ...
    std::ofstream(surfed) << "damaged";
    CHECK(counts() == std::vector<std::int64_t>{2, 1});
    std::ofstream(first) << "damaged";
    CHECK(counts() == std::vector<std::int64_t>{2, 1});  // by the other block
    std::ofstream(second) << "damaged";
    CHECK(counts() == std::vector<std::int64_t>{2, 0});

    // ... unless it was noted.
    auto const cell = sched::CellIndex{0};
    publish_grants(
        sweep.job.output, sweep.plan, cell, {},
        {{BudgetRule::first_hits, 500}, {BudgetRule::steps, 600}, {BudgetRule::evaluations, 1202}});
    CHECK(counts() == std::vector<std::int64_t>{2, 1});
    CHECK(find_grants(sweep.job.output, sweep.plan, cell, {})->at(BudgetRule::steps) == 600);
    CHECK_FALSE(find_grants(sweep.job.output, sweep.plan, cell, {.steps = 1}));

    for (fs::directory_entry const& note : fs::directory_iterator(sweep.folder.path / "grants"))
    {
        std::ofstream(note.path(), std::ios::app) << "more";
    }
    CHECK_FALSE(find_grants(sweep.job.output, sweep.plan, cell, {}));
    CHECK(counts() == std::vector<std::int64_t>{2, 0});
}

TEST_CASE("a chain is absent, in training or published", "[stored]")
{
    SmallSweep const sweep;
    PlannedChain const& chain = sweep.plan.chains[0];
    CHECK(stored_chain(sweep.job.chains, chain).state == ChainState::absent);

    fs::path const published = chain.path;
    fs::path partial = published;
    partial.replace_extension(".partial");
    fs::create_directories(partial);
    for (char const* const name :
         {"snapshot-00000.h5", "snapshot-00016.h5", "snapshot-00017.h5.tmp-host-1",
          "snapshot-00018.h5.bad", "state.h5"})
    {
        std::ofstream(partial / name) << "x";
    }
    CHECK(stored_chain(sweep.job.chains, chain).state == ChainState::training);
    CHECK(stored_chain(sweep.job.chains, chain).snapshots == 17);

    std::ofstream(published) << "x";
    CHECK(stored_chain(sweep.job.chains, chain).state == ChainState::published);
    CHECK(stored_chain(sweep.job.chains, chain).snapshots == 101);
}

TEST_CASE("a chain whose training came to nothing is told with its reason", "[stored]")
{
    SmallSweep const sweep;
    chain::ChainHeader const& header = sweep.plan.chains[0].header;
    fs::create_directory(sweep.job.chains);
    chain::PartialChain(sweep.job.chains, header).mark_diverged("snapshot 3: not finite");
    StoredChain const stored = stored_chain(sweep.job.chains, sweep.plan.chains[0]);
    CHECK(stored.state == ChainState::diverged);
    CHECK(stored.reason == "snapshot 3: not finite");
    std::string const line =
        fmt::format("dcgan k=2 of sweep, chain {}: snapshot 3: not finite", header.id().brief());
    CHECK(failed_chains(sweep.plan, sweep.job.chains) == std::vector{line});

    // The results say why cells are empty.
    auto const published = [&] {
        auto const cells = sweep.cells();
        publish_results(sweep.job, sweep.plan, cells, provenance_of(sweep.job, sweep.plan, cells));
        fs::path const path = results_path(sweep.job.output);
        CHECK(h5::violations(path).empty());
        return h5::FileReader(path)
            .root()
            .group("provenance")
            .attribute<std::string>("failed_chains");
    };
    CHECK(published() == line);
    chain::PartialChain(sweep.job.chains, header).discard();
    CHECK(published().empty());
}

TEST_CASE("another job's results are kept under its own name", "[results]")
{
    SmallSweep const sweep;
    sweep.store_block(BlockIndex{0}, 0, 500);
    auto const publish = [&](Plan const& plan) {
        auto const cells = stored_cells(plan, sweep.job.output, store::OnDamage::leave);
        publish_results(sweep.job, plan, cells, provenance_of(sweep.job, plan, cells));
    };
    publish(sweep.plan);
    publish(sweep.plan);  // the same job's are replaced
    CHECK(h5::violations(results_path(sweep.job.output)).empty());
    fs::path const kept = sweep.job.output / fmt::format("results-{}.h5", sweep.plan.job.brief());
    CHECK_FALSE(fs::exists(kept));

    Job other = sweep.job;
    other.experiments[0].trials.count = 4;
    publish(make_plan(other, data_spec));
    CHECK(fs::exists(kept));
    CHECK(fs::exists(results_path(sweep.job.output)));

    std::ofstream(results_path(sweep.job.output)) << "damaged";
    publish(sweep.plan);
    CHECK(set_aside_files(sweep.job).size() == 1);
    CHECK(h5::violations(results_path(sweep.job.output)).empty());
}

TEST_CASE("the summary table says what is missing", "[results]")
{
    SmallSweep const sweep;
    sweep.store_block(BlockIndex{0}, 0, 500);
    std::string const table =
        summary_table(reduce::summarise(results_of(sweep.plan, sweep.cells())));
    CHECK_THAT(table, Catch::StartsWith(
                          "model  k  task       operator m  method  trials  success % (CI)  "));
    CHECK_THAT(
        table,
        Catch::Contains("\ndcgan  2  inversion  identity    adam       4/6  100.0 (51.0-100.0)  "));
    CHECK_THAT(table, Catch::Contains(" 500 (500-500)              600              1202  -\n"));
    CHECK_THAT(table, Catch::EndsWith("\n1 of 2 cells have no trials yet\n"));
}

TEST_CASE("validate reads what a segment holds", "[validate]")
{
    SmallSweep const sweep;
    Options options;
    options.command = Command::validate;
    fs::path const segment = sweep.store_block(BlockIndex{0}, 0, 500);
    options.files = {segment};
    CHECK(validate_command(options) == ExitCode::success);

    fs::path const renamed = segment.parent_path() / "0123.h5";
    fs::rename(segment, renamed);
    options.files = {renamed};
    CHECK(validate_command(options) == ExitCode::bad_file);
    std::ofstream(renamed, std::ios::trunc) << "text";
    CHECK(validate_command(options) == ExitCode::bad_file);
    fs::remove(renamed);
    CHECK(validate_command(options) == ExitCode::environment);
}

TEST_CASE("validate checks every snapshot of a chain", "[validate]")
{
    test::ScratchFolder const folder;
    chain::ChainHeader const header = test::small_header();
    chain::PartialChain partial(folder.path, header);
    float const mark = 1234.5F;
    for (std::int64_t t = 0; t < header.snapshots; ++t)
    {
        chain::Snapshot snapshot = test::small_snapshot(t);
        snapshot.generator.at(1).values[1] = t == 1 ? mark : 0;
        partial.write_snapshot(snapshot);
    }
    partial.finish();
    Options options;
    options.command = Command::validate;
    fs::path const path = chain::chain_path(folder.path, header.id());
    options.files = {path};
    CHECK(validate_command(options) == ExitCode::success);

    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    std::string const bytes(std::istreambuf_iterator<char>(file), {});
    std::string pattern(sizeof(mark), '\0');
    std::memcpy(pattern.data(), &mark, sizeof(mark));
    REQUIRE(bytes.find(pattern) != std::string::npos);
    file.clear();
    file.seekp(static_cast<std::streamoff>(bytes.find(pattern)));
    file.put('x');
    file.close();
    CHECK(validate_command(options) == ExitCode::bad_file);
}
