#include "app/packs.hpp"

#include <algorithm>
#include <utility>

#include "base/contract.hpp"

namespace surf::app
{
namespace fs = std::filesystem;
using sched::BlockIndex;

namespace
{

BlockIndex after(BlockIndex block, std::int64_t more)
{
    return static_cast<BlockIndex>(static_cast<std::int64_t>(block) + more);
}

}  // namespace

BlockIndex PlannedPack::block(std::int64_t number) const
{
    return after(first, number);
}

PlannedPacks packs_of(Plan const& plan, sched::CellIndex index, Budget const& budget)
{
    PlannedCell const& cell = plan[index];
    auto const blocks = plan.blocks_of(index);
    std::int64_t const full = cell.trials / cell.block_size;
    PlannedPacks packed;
    for (std::int64_t begin = 0; begin < full; begin += plan.pack_blocks)
    {
        packed.packs.push_back({.spec = {.cell = cell.spec,
                                         .first = begin * cell.block_size,
                                         .block_size = cell.block_size,
                                         .blocks = plan.pack_blocks,
                                         .budget = budget},
                                .first = blocks[static_cast<std::size_t>(begin)],
                                .blocks = std::min(plan.pack_blocks, full - begin)});
    }
    packed.single.assign(blocks.begin() + full, blocks.end());
    return packed;
}

void read_blocks(Plan const& plan, sched::CellIndex cell, Budget const& budget,
                 fs::path const& output, store::OnDamage damage,
                 std::function<void(BlockIndex, store::Segment)> const& take)
{
    PlannedPacks const planned = packs_of(plan, cell, budget);
    for (PlannedPack const& pack : planned.packs)
    {
        for (store::Segment& segment : store::find_blocks(output, pack.spec, pack.blocks, damage))
        {
            std::int64_t const number = (segment.first - pack.spec.first) / pack.spec.block_size;
            take(pack.block(number), std::move(segment));
        }
    }
    for (BlockIndex const block : planned.single)
    {
        if (auto segment = store::find_segment(output, plan.block_spec({block, budget}), damage))
        {
            take(block, std::move(*segment));
        }
    }
}

std::optional<store::Segment> find_block(Plan const& plan, BlockIndex block, Budget const& budget,
                                         fs::path const& output, store::OnDamage damage)
{
    auto segment = store::find_segment(output, plan.block_spec({block, budget}), damage);
    for (PlannedPack const& pack : packs_of(plan, plan[block].cell, budget).packs)
    {
        std::int64_t const trials = plan[block].first - pack.spec.first;
        if (!segment && 0 <= trials && trials < pack.blocks * pack.spec.block_size)
        {
            if (auto packed = store::find_pack(output, pack.spec, damage))
            {
                segment =
                    std::move((*packed)[static_cast<std::size_t>(trials / pack.spec.block_size)]);
            }
        }
    }
    return segment;
}

}  // namespace surf::app
