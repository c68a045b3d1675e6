#include "app/pack_queue.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/stop_signal.hpp"

namespace surf::app
{
namespace fs = std::filesystem;
using sched::BlockIndex;

namespace
{

/// Whether a cell's blocks, by first trial, have all of the pack's among them.
bool has_all(std::vector<BlockIndex> const& stored, PlannedPack const& pack)
{
    auto const begin = std::ranges::lower_bound(stored, pack.first);
    auto const end = std::ranges::lower_bound(stored, pack.block(pack.spec.blocks));
    return pack.whole() && end - begin == pack.spec.blocks;
}

}  // namespace

void PackQueue::begin(sched::CellIndex cell, Budget const& budget, StoredBlocks const& stored)
{
    for (PlannedPack& pack : packs_of(plan_, cell, budget).packs)
    {
        if (pack.whole() && !stored.is_packed(pack.spec))
        {
            open_.emplace(pack.first, Open{std::move(pack.spec), pack.blocks});
        }
    }
}

void PackQueue::block_stored(BlockIndex block)
{
    PlannedBlock const& planned = plan_[block];
    std::int64_t const number = planned.first / plan_[planned.cell].block_size;
    auto const first =
        static_cast<BlockIndex>(static_cast<std::int64_t>(block) - number % plan_.pack_blocks);
    auto const found = open_.find(first);
    if (found != open_.end() && --found->second.missing == 0)
    {
        due_.push_back(std::move(found->second.spec));
        open_.erase(found);
    }
}

std::optional<store::PackSpec> PackQueue::next()
{
    if (due_.empty())
    {
        return std::nullopt;
    }
    store::PackSpec spec = std::move(due_.front());
    due_.pop_front();
    return spec;
}

void PackQueue::clear()
{
    open_.clear();
    due_.clear();
}

void pack_all(Plan const& plan, fs::path const& output, std::vector<StoredCell> const& cells)
try
{
    StoredBlocks const stored(output);
    for (std::size_t i = 0; i < cells.size(); ++i)
    {
        auto const cell = static_cast<sched::CellIndex>(i);
        for (PlannedPack const& pack : packs_of(plan, cell, cells[i].result.budget).packs)
        {
            if (stop_signal() != nullptr)
            {
                return;
            }
            if (has_all(cells[i].blocks, pack) && !stored.is_packed(pack.spec))
            {
                store::pack_blocks(output, pack.spec);
            }
        }
    }
}
catch (EnvironmentError const& error)
{
    spdlog::warn("blocks cannot be packed, their files stay: {}", error.what());
}

}  // namespace surf::app
