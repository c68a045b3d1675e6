#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/job/plan.hpp"
#include "app/stored_blocks.hpp"
#include "reduce/results.hpp"
#include "reduce/statistics.hpp"
#include "store/segment.hpp"

/// What an output folder holds of a plan, found from its files alone.
namespace surf::app
{

enum class ChainState : std::int8_t
{
    absent,
    training,
    published,
    diverged,
};

struct ChainStateEntry
{
    ChainState kind;
    std::string_view name;
};

inline constexpr std::array chain_state_table = {
    ChainStateEntry{ChainState::absent, "absent"},
    ChainStateEntry{ChainState::training, "training"},
    ChainStateEntry{ChainState::published, "published"},
    ChainStateEntry{ChainState::diverged, "diverged"},
};

struct StoredChain
{
    ChainState state = ChainState::absent;
    std::int64_t snapshots = 0;  ///< made so far
    std::string reason = {};     ///< why it diverged
};

/// By the files' names in the folder of chains: nothing is read but the reason of a divergence.
StoredChain stored_chain(std::filesystem::path const& chains, PlannedChain const& chain);

/// "dcgan k=5 of table1,figure2, chain 0f3c8a12: REASON" for each chain of the plan whose training
/// came to nothing.
std::vector<std::string> failed_chains(Plan const& plan, std::filesystem::path const& chains);

/// What is stored of a cell.
struct StoredCell
{
    reduce::CellResult result;              ///< its outcomes, by trial
    std::vector<sched::BlockIndex> blocks;  ///< those that are stored
    std::vector<BlockId> ids;               ///< theirs
    std::vector<store::BlockRun> runs;      ///< how they were computed
    std::int64_t planned_blocks = 0;

    bool complete() const { return std::ssize(blocks) == planned_blocks; }
};

Grants grants_of(reduce::CellStatistics const& statistics);

/// What a cell may spend on a trial, given what the cells of its budget_needs() grant.
Budget budget_from(CellSpec const& cell, std::vector<Grants> const& sources);

/// Every cell of the plan, in its order. A cell whose budget comes from another one is looked up
/// with the budget that the other's stored outcomes give: there is none as long as it has none.
std::vector<StoredCell> stored_cells(Plan const& plan, std::filesystem::path const& output,
                                     store::OnDamage damage);

/// What the names of files say of a cell.
struct NamedBlocks
{
    std::vector<sched::BlockIndex> stored;
    std::optional<Budget> budget;  ///< nothing if it follows from trials that are not stored
};

/// Of each cell of the plan, in its order. Files are read only where a budget follows from them
/// that was not noted.
std::vector<NamedBlocks> named_blocks(Plan const& plan, std::filesystem::path const& output);

/// Files and folders of the job's output and chains that were set aside as damaged (*.bad), sorted.
std::vector<std::filesystem::path> set_aside_files(Job const& job);

}  // namespace surf::app
