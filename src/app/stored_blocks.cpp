#include "app/stored_blocks.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <sstream>
#include <string_view>

#include "app/job/output_notes.hpp"
#include "app/packs.hpp"
#include "base/error.hpp"
#include "base/id.hpp"

namespace surf::app
{
namespace fs = std::filesystem;
using sched::BlockIndex;

namespace
{

struct RuleName
{
    BudgetRule kind;
    std::string_view name;
};

/// As notes have them.
constexpr std::array rule_names = {
    RuleName{BudgetRule::first_hits, "first_hits"},
    RuleName{BudgetRule::steps, "steps"},
    RuleName{BudgetRule::evaluations, "evaluations"},
};

/// Of a cell's blocks, in their order.
std::vector<BlockId> ids_of(Plan const& plan, sched::CellIndex cell, Budget const& budget)
{
    BlockIds const ids(plan[cell].spec);
    std::vector<BlockId> all;
    for (sched::BlockIndex const block : plan.blocks_of(cell))
    {
        all.push_back(ids.of(plan[block].first, plan[block].count, budget));
    }
    return all;
}

fs::path grants_path(fs::path const& output, Plan const& plan, sched::CellIndex cell,
                     Budget const& budget)
{
    std::string ids = "grants 1\n";  // raised when reduce::grant() gives others
    for (BlockId const& id : ids_of(plan, cell, budget))
    {
        ids += id.hex();
    }
    return output / "grants" / (hash128_hex(ids) + ".txt");
}

/// The ids by which its files are named; none if there is no such folder.
std::unordered_set<std::string> ids_in(fs::path const& folder)
{
    std::unordered_set<std::string> ids;
    std::error_code failure;
    fs::directory_iterator entry(folder, failure);
    for (; !failure && entry != fs::directory_iterator(); entry.increment(failure))
    {
        if (fs::path const& path = entry->path(); path.extension() == ".h5")
        {
            ids.insert(path.stem().string());
        }
    }
    if (failure && failure != std::errc::no_such_file_or_directory)
    {
        throw EnvironmentError(
            fmt::format("cannot list {}: {}", folder.string(), failure.message()));
    }
    return ids;
}

}  // namespace

// In this order: a block that a run packs meanwhile is in the second if it is not in the first.
StoredBlocks::StoredBlocks(fs::path const& output)
    : segments_(ids_in(output / "segments")), packs_(ids_in(output / "packs"))
{}

std::vector<BlockIndex> StoredBlocks::of(Plan const& plan, sched::CellIndex cell,
                                         Budget const& budget) const
{
    std::vector<BlockIndex> stored;
    if (segments_.empty() && packs_.empty())
    {
        return stored;
    }
    BlockIds const ids(plan[cell].spec);
    auto const add = [&](BlockIndex block, bool packed) {
        PlannedBlock const& planned = plan[block];
        if (packed || has_own_file(ids.of(planned.first, planned.count, budget)))
        {
            stored.push_back(block);
        }
    };
    PlannedPacks const planned = packs_of(plan, cell, budget);
    for (PlannedPack const& pack : planned.packs)
    {
        bool const packed = packs_.contains(pack.spec.id().hex());
        for (std::int64_t i = 0; i < pack.blocks; ++i)
        {
            add(pack.block(i), packed);
        }
    }
    for (BlockIndex const block : planned.single)
    {
        add(block, false);
    }
    return stored;
}

bool StoredBlocks::is_packed(store::PackSpec const& pack) const
{
    if (!packs_.contains(pack.id().hex()))
    {
        return false;
    }
    if (segments_.empty())
    {
        return true;
    }
    BlockIds const ids(pack.cell);
    for (std::int64_t i = 0; i < pack.blocks; ++i)
    {
        if (has_own_file(ids.of(pack.first + i * pack.block_size, pack.block_size, pack.budget)))
        {
            return false;
        }
    }
    return true;
}

void publish_grants(fs::path const& output, Plan const& plan, sched::CellIndex cell,
                    Budget const& budget, Grants const& grants)
{
    std::string text;
    for (RuleName const& rule : rule_names)
    {
        text += fmt::format("{} {}\n", rule.name, grants.at(rule.kind));
    }
    publish_note(grants_path(output, plan, cell, budget), text);
}

std::optional<Grants> find_grants(fs::path const& output, Plan const& plan, sched::CellIndex cell,
                                  Budget const& budget)
{
    fs::path const path = grants_path(output, plan, cell, budget);
    if (!fs::exists(path))
    {
        return std::nullopt;
    }
    try
    {
        std::istringstream text(read_note(path));
        Grants grants;
        for (RuleName const& rule : rule_names)
        {
            std::string name;
            text >> name >> grants[rule.kind];
            if (!text || name != rule.name)
            {
                return std::nullopt;
            }
        }
        return grants;
    }
    catch (FileError const&)
    {
        spdlog::warn("{} is damaged (its cell's blocks are read instead) it may be removed",
                     path.string());
        return std::nullopt;
    }
}

}  // namespace surf::app
