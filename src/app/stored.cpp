#include "app/stored.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "app/packs.hpp"
#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/name_table.hpp"
#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

/// Of a cell; nothing if it depends on a cell of which nothing is stored.
std::optional<Budget> budget_of(Plan const& plan, sched::CellIndex index,
                                std::vector<StoredCell> const& done, fs::path const& output)
{
    std::vector<Grants> grants;
    for (sched::CellIndex const source : plan[index].budget_from)
    {
        reduce::CellResult const& result = done[static_cast<std::size_t>(source)].result;
        if (auto const noted = find_grants(output, plan, source, result.budget))
        {
            grants.push_back(*noted);
            continue;
        }
        auto const& outcomes = result.outcomes;
        if (outcomes.empty())
        {
            return std::nullopt;
        }
        grants.push_back(grants_of(reduce::CellStatistics(outcomes)));
    }
    return budget_from(plan[index].spec, grants);
}

StoredCell stored_cell(Plan const& plan, sched::CellIndex index,
                       std::optional<Budget> const& budget, fs::path const& output,
                       store::OnDamage damage)
{
    StoredCell stored{.result = {.spec = plan[index].spec,
                                 .training = plan[plan[index].chain].number,
                                 .planned = plan[index].trials,
                                 .budget = budget.value_or(Budget{})},
                      .blocks = {},
                      .ids = {},
                      .runs = {},
                      .planned_blocks = std::ssize(plan.blocks_of(index))};
    auto const take = [&](sched::BlockIndex block, store::Segment segment) {
        stored.result.outcomes.reserve(static_cast<std::size_t>(plan[index].trials));
        std::ranges::move(segment.outcomes, std::back_inserter(stored.result.outcomes));
        stored.result.test_images = segment.run.test_images;
        stored.blocks.push_back(block);
        stored.ids.push_back(std::move(segment.block));
        stored.runs.push_back(std::move(segment.run));
    };
    if (budget)
    {
        read_blocks(plan, index, *budget, output, damage, take);
    }
    return stored;
}

/// What the stored blocks of a cell grant: as noted, else read. Nothing if
/// there are none.
std::optional<Grants> stored_grants(Plan const& plan, sched::CellIndex cell, Budget const& budget,
                                    fs::path const& output)
{
    if (auto const noted = find_grants(output, plan, cell, budget))
    {
        return noted;
    }
    std::vector<reduce::CellStatistics> parts;
    read_blocks(plan, cell, budget, output, store::OnDamage::leave,
                [&](sched::BlockIndex, store::Segment const& segment) {
                    parts.emplace_back(segment.outcomes);
                });
    if (parts.empty())
    {
        return std::nullopt;
    }
    return grants_of(reduce::merged(std::move(parts)));
}

/// All that lies in or below a folder; what vanishes meanwhile is left out.
std::vector<fs::path> entries_below(fs::path const& folder)
{
    std::vector<fs::path> entries;
    std::error_code gone;
    for (fs::recursive_directory_iterator entry(folder, gone), end; !gone && entry != end;
         entry.increment(gone))
    {
        entries.push_back(entry->path());
    }
    return entries;
}

/// 7 for snapshot-00007.h5, −1 for any other name.
std::int64_t snapshot_index(fs::path const& file)
{
    long long index = -1;
    int length = 0;
    std::string const name = file.filename().string();
    bool const matches = std::sscanf(name.c_str(), "snapshot-%5lld.h5%n", &index, &length) == 1 &&
                         length == static_cast<int>(name.size());
    return matches ? index : -1;
}

/// Names of the experiments that need a chain.
std::vector<std::string> users_of(Plan const& plan, sched::ChainIndex chain)
{
    std::vector<std::string> names;
    for (PlannedExperiment const& experiment : plan.experiments)
    {
        if (std::ranges::any_of(experiment.cells,
                                [&](sched::CellIndex cell) { return plan[cell].chain == chain; }) ||
            std::ranges::find(experiment.surfaces, chain, &PlannedSurface::chain) !=
                experiment.surfaces.end())
        {
            names.push_back(experiment.name);
        }
    }
    return names;
}

}  // namespace

StoredChain stored_chain(fs::path const& chains, PlannedChain const& chain)
{
    chain::ChainHeader const& header = chain.header;
    fs::path path = chain.path;
    if (fs::exists(path))
    {
        return {ChainState::published, header.snapshots};
    }
    path.replace_extension(".partial");
    if (!fs::exists(path))
    {
        return {ChainState::absent, 0};
    }
    std::int64_t last = -1;
    for (fs::path const& entry : entries_below(path))
    {
        last = std::max(last, snapshot_index(entry));
    }
    if (auto reason = chain::divergence(chains, header.id()))
    {
        return {ChainState::diverged, last + 1, std::move(*reason)};
    }
    return {ChainState::training, last + 1};
}

std::vector<std::string> failed_chains(Plan const& plan, fs::path const& chains)
{
    std::vector<std::string> failed;
    for (std::size_t i = 0; i < plan.chains.size(); ++i)
    {
        PlannedChain const& chain = plan.chains[i];
        StoredChain const stored = stored_chain(chains, chain);
        if (stored.state == ChainState::diverged)
        {
            failed.push_back(
                fmt::format("{} of {}, chain {}: {}", chain.name(),
                            fmt::join(users_of(plan, static_cast<sched::ChainIndex>(i)), ","),
                            chain.header.id().brief(), stored.reason));
        }
    }
    return failed;
}

Grants grants_of(reduce::CellStatistics const& statistics)
{
    Grants grants;
    for (BudgetRule const rule :
         {BudgetRule::first_hits, BudgetRule::steps, BudgetRule::evaluations})
    {
        grants[rule] = reduce::grant(rule, statistics);
    }
    return grants;
}

Budget budget_from(CellSpec const& cell, std::vector<Grants> const& sources)
{
    Budget budget = own_budget(cell);
    auto const needs = cell.budget_needs();
    EXPECT(needs.size() == sources.size());
    for (std::size_t i = 0; i < needs.size(); ++i)
    {
        bool const counts_evaluations = needs[i].rule == BudgetRule::evaluations;
        (counts_evaluations ? budget.evaluations : budget.steps) = sources[i].at(needs[i].rule);
    }
    return budget;
}

std::vector<StoredCell> stored_cells(Plan const& plan, fs::path const& output,
                                     store::OnDamage damage)
{
    std::vector<StoredCell> cells;
    for (std::size_t i = 0; i < plan.cells.size(); ++i)
    {
        auto const index = static_cast<sched::CellIndex>(i);
        cells.push_back(
            stored_cell(plan, index, budget_of(plan, index, cells, output), output, damage));
    }
    return cells;
}

std::vector<NamedBlocks> named_blocks(Plan const& plan, fs::path const& output)
{
    StoredBlocks const stored(output);
    std::vector<NamedBlocks> cells;
    std::map<sched::CellIndex, std::optional<Budget>> budgets;
    std::map<sched::CellIndex, std::optional<Grants>> grants;
    for (std::size_t i = 0; i < plan.cells.size(); ++i)
    {
        auto const index = static_cast<sched::CellIndex>(i);
        std::vector<Grants> sources;
        for (sched::CellIndex const source : plan[index].budget_from)
        {
            auto const [found, is_new] = grants.try_emplace(source);
            if (is_new && budgets[source])
            {
                found->second = stored_grants(plan, source, *budgets[source], output);
            }
            if (found->second)
            {
                sources.push_back(*found->second);
            }
        }
        bool const known = sources.size() == plan[index].budget_from.size();
        auto& budget = budgets[index];
        if (known)
        {
            budget = budget_from(plan[index].spec, sources);
        }
        cells.push_back(
            {budget ? stored.of(plan, index, *budget) : std::vector<sched::BlockIndex>(), budget});
    }
    return cells;
}

std::vector<fs::path> set_aside_files(Job const& job)
{
    std::set<fs::path> files;
    for (fs::path const& folder : {job.output, job.chains})
    {
        for (fs::path const& entry : entries_below(folder))
        {
            if (entry.extension() == ".bad")
            {
                files.insert(entry);
            }
        }
    }
    return {files.begin(), files.end()};
}

}  // namespace surf::app
