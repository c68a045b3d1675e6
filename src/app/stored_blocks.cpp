#include "app/stored_blocks.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <sstream>
#include <string_view>

#include "app/job/output_notes.hpp"
#include "base/error.hpp"
#include "base/id.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

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

}  // namespace

StoredBlocks::StoredBlocks(fs::path const& output)
{
    std::error_code failure;
    fs::directory_iterator entry(output / "segments", failure);
    for (; !failure && entry != fs::directory_iterator(); entry.increment(failure))
    {
        if (fs::path const& path = entry->path(); path.extension() == ".h5")
        {
            ids_.insert(path.stem().string());
        }
    }
    if (failure && failure != std::errc::no_such_file_or_directory)
    {
        throw EnvironmentError(
            fmt::format("cannot list {}: {}", (output / "segments").string(), failure.message()));
    }
}

std::vector<sched::BlockIndex> StoredBlocks::of(Plan const& plan, sched::CellIndex cell,
                                                Budget const& budget) const
{
    std::vector<sched::BlockIndex> stored;
    if (ids_.empty())
    {
        return stored;
    }
    auto const blocks = plan.blocks_of(cell);
    auto const ids = ids_of(plan, cell, budget);
    for (std::size_t i = 0; i < blocks.size(); ++i)
    {
        if (ids_.contains(ids[i].hex()))
        {
            stored.push_back(blocks[i]);
        }
    }
    return stored;
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
    catch (FileError const& error)
    {
        spdlog::warn("{}", error.what());
        return std::nullopt;
    }
}

}  // namespace surf::app
