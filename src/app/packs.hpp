#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "app/job/plan.hpp"
#include "store/pack.hpp"

/// How the blocks of a plan share files.
namespace surf::app
{

/// A pack and its first blocks: all of them, unless the plan's trials end before.
struct PlannedPack
{
    store::PackSpec spec;
    sched::BlockIndex first;
    std::int64_t blocks = 0;  ///< that the plan has

    bool whole() const { return blocks == spec.blocks; }
    sched::BlockIndex block(std::int64_t number) const;
};

/// A cell's blocks, by first trial, as packs that do not depend on how many trials the plan has.
struct PlannedPacks
{
    std::vector<PlannedPack> packs;
    /// A last block of fewer trials than the others is in none: with more trials it is another one.
    std::vector<sched::BlockIndex> single;
};

PlannedPacks packs_of(Plan const& plan, sched::CellIndex cell, Budget const& budget);

/// Calls take(block, segment) for each block of a cell that is stored and sound, by first trial.
/// Reads every file once.
void read_blocks(Plan const& plan, sched::CellIndex cell, Budget const& budget,
                 std::filesystem::path const& output, store::OnDamage damage,
                 std::function<void(sched::BlockIndex, store::Segment)> const& take);

/// The segment of one block if it is stored and sound.
std::optional<store::Segment> find_block(Plan const& plan, sched::BlockIndex block,
                                         Budget const& budget, std::filesystem::path const& output,
                                         store::OnDamage damage);

}  // namespace surf::app
