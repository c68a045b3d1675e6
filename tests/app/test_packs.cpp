#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "app/pack_queue.hpp"
#include "app/packs.hpp"
#include "app/results.hpp"
#include "app/small_sweep.hpp"
#include "hdf5/schema.hpp"

using namespace surf;
using namespace surf::app;
using sched::BlockIndex;
using sched::CellIndex;
using surf::test::SmallSweep;
namespace fs = std::filesystem;

namespace
{

constexpr CellIndex adam_cell{0};

/// Blocks of two trials, of which two share a file.
struct PackedSweep : SmallSweep
{
    explicit PackedSweep(std::int64_t trials) : SmallSweep(trials, 2) { plan.pack_blocks = 2; }

    std::vector<PlannedPack> packs() const { return packs_of(plan, adam_cell, {}).packs; }

    /// Stores a block of the adam cell.
    fs::path store(std::int64_t block) const
    {
        return store_block(static_cast<BlockIndex>(block), 0, 500 + block);
    }
    void store_all() const
    {
        for (BlockIndex const block : plan.blocks_of(adam_cell))
        {
            store(static_cast<std::int64_t>(block));
        }
    }
    std::vector<BlockIndex> stored() const
    {
        return StoredBlocks(job.output).of(plan, adam_cell, {});
    }
    std::int64_t files(char const* folder_name) const
    {
        fs::path const where = job.output / folder_name;
        return fs::exists(where)
                   ? std::distance(fs::directory_iterator(where), fs::directory_iterator())
                   : 0;
    }
};

std::string content_of(fs::path const& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<BlockIndex> first_blocks(std::int64_t count)
{
    std::vector<BlockIndex> blocks;
    for (std::int64_t i = 0; i < count; ++i)
    {
        blocks.push_back(static_cast<BlockIndex>(i));
    }
    return blocks;
}

}  // namespace

TEST_CASE("a cell's packs do not depend on how many trials the plan has", "[packs]")
{
    auto const packs = PackedSweep(10).packs();
    REQUIRE(packs.size() == 3);
    CHECK(packs[0].whole());
    CHECK(packs[1].whole());
    CHECK_FALSE(packs[2].whole());
    CHECK(packs[2].blocks == 1);
    CHECK(packs[2].first == BlockIndex{4});
    CHECK(packs[2].spec.first == 8);
    for (std::int64_t const trials : {11, 12, 400})
    {
        auto const more = PackedSweep(trials).packs();
        for (std::size_t i = 0; i < packs.size(); ++i)
        {
            CHECK(more[i].spec.id() == packs[i].spec.id());
        }
    }
    PackedSweep const odd(11);
    CHECK(odd.packs().size() == 3);
    CHECK(packs_of(odd.plan, adam_cell, {}).single == std::vector{BlockIndex{5}});
    CHECK(odd.packs()[0].spec.block(1).id() == odd.plan.block_spec({BlockIndex{1}, {}}).id());
}

TEST_CASE("blocks in packs are stored, with more trials and with fewer", "[packs]")
{
    PackedSweep const sweep(11);
    CHECK(sweep.stored().empty());
    sweep.store_all();
    CHECK(sweep.stored() == first_blocks(6));
    auto const before = sweep.cells();
    pack_all(sweep.plan, sweep.job.output, before);
    CHECK(sweep.files("packs") == 2);
    CHECK(sweep.files("segments") == 2);
    CHECK(sweep.stored() == first_blocks(6));
    CHECK(named_blocks(sweep.plan, sweep.job.output)[0].stored == first_blocks(6));
    for (std::int64_t number = 0; number < 6; ++number)
    {
        auto const segment = find_block(sweep.plan, static_cast<BlockIndex>(number), {},
                                        sweep.job.output, store::OnDamage::leave);
        REQUIRE(segment);
        CHECK(segment->first == 2 * number);
    }
    CHECK_FALSE(find_block(sweep.plan, BlockIndex{0}, {.steps = 1}, sweep.job.output,
                           store::OnDamage::leave));

    auto const after = sweep.cells();
    CHECK(after[0].blocks == before[0].blocks);
    CHECK(after[0].ids == before[0].ids);
    CHECK(after[0].result.outcomes == before[0].result.outcomes);
    CHECK(after[1].result.budget == before[1].result.budget);

    // Of 5 trials the last block is another one; of 6, the pack has one more than the plan.
    for (auto const& [trials, blocks] : {std::pair(5, 2), {6, 3}, {10, 5}, {400, 5}})
    {
        PackedSweep other(trials);
        other.job.output = sweep.job.output;
        CHECK(other.stored() == first_blocks(blocks));
        CHECK(other.cells()[0].blocks == first_blocks(blocks));
    }
    PackedSweep five(5);
    five.plan.pack_blocks = 3;  // another number of blocks: other files
    five.job.output = sweep.job.output;
    CHECK(five.stored().empty());
}

TEST_CASE("results are the same of packs and of files of single blocks", "[packs]")
{
    PackedSweep const sweep(11);
    sweep.store_all();
    auto const publish = [&] {
        auto const cells = sweep.cells();
        publish_results(sweep.job, sweep.plan, cells, provenance_of(sweep.job, sweep.plan, cells));
        return content_of(results_path(sweep.job.output));
    };
    std::string const single = publish();
    pack_all(sweep.plan, sweep.job.output, sweep.cells());
    REQUIRE(sweep.files("packs") == 2);
    bool const same_bytes = publish() == single;
    CHECK(same_bytes);
}

TEST_CASE("a pack is due when the last of its blocks is stored", "[packs]")
{
    PackedSweep const sweep(11);
    StoredBlocks const nothing(sweep.job.output);
    PackQueue queue(sweep.plan);
    queue.begin(adam_cell, {}, nothing);
    CHECK_FALSE(queue.next());
    for (int const block : {5, 0, 4, 3})
    {
        queue.block_stored(BlockIndex{block});
        CHECK_FALSE(queue.next());
    }
    queue.block_stored(BlockIndex{2});
    CHECK(queue.next()->id() == sweep.packs()[1].spec.id());
    CHECK_FALSE(queue.next());
    queue.block_stored(BlockIndex{1});
    CHECK(queue.next()->id() == sweep.packs()[0].spec.id());
    CHECK_FALSE(queue.next());

    queue.begin(adam_cell, {}, nothing);
    queue.block_stored(BlockIndex{0});
    queue.block_stored(BlockIndex{1});
    queue.clear();
    CHECK_FALSE(queue.next());
}

TEST_CASE("what a killed run left beside its pack is removed by the next", "[packs]")
{
    PackedSweep const sweep(8);
    sweep.store_all();
    pack_all(sweep.plan, sweep.job.output, sweep.cells());
    REQUIRE(sweep.files("packs") == 2);
    REQUIRE(sweep.files("segments") == 0);
    sweep.store(1);
    StoredBlocks const stored(sweep.job.output);
    CHECK_FALSE(stored.is_packed(sweep.packs()[0].spec));
    CHECK(stored.is_packed(sweep.packs()[1].spec));
    CHECK(sweep.cells()[0].blocks == first_blocks(4));

    PackQueue queue(sweep.plan);
    queue.begin(adam_cell, {}, stored);
    for (BlockIndex const block : sweep.stored())
    {
        queue.block_stored(block);
    }
    auto const due = queue.next();
    REQUIRE(due);
    CHECK(due->id() == sweep.packs()[0].spec.id());
    CHECK_FALSE(queue.next());  // the other one is done
    CHECK(store::pack_blocks(sweep.job.output, *due) == store::Packing::done);
    CHECK(sweep.files("segments") == 0);
    CHECK(sweep.stored() == first_blocks(4));
}

TEST_CASE("a damaged pack is set aside, and its blocks are to be computed again", "[packs]")
{
    PackedSweep const sweep(8);
    sweep.store_all();
    pack_all(sweep.plan, sweep.job.output, sweep.cells());
    fs::path const pack = store::pack_path(sweep.job.output, sweep.packs()[0].spec.id());
    fs::resize_file(pack, fs::file_size(pack) / 2);
    std::vector const second = {BlockIndex{2}, BlockIndex{3}};
    CHECK(sweep.stored() == first_blocks(4));  // by the names
    CHECK(sweep.cells()[0].blocks == second);
    CHECK(set_aside_files(sweep.job).empty());
    CHECK(sweep.cells(store::OnDamage::set_aside)[0].blocks == second);
    CHECK(set_aside_files(sweep.job) == std::vector<fs::path>{pack.string() + ".bad"});
    CHECK(sweep.stored() == second);

    sweep.store(0);
    sweep.store(1);
    pack_all(sweep.plan, sweep.job.output, sweep.cells());
    CHECK(h5::violations(pack).empty());
    CHECK(sweep.cells()[0].blocks == first_blocks(4));
}
