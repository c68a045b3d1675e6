#include "app/stored.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <set>

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

/// The Adam steps that a cell may take; nothing if it depends on a cell of which nothing is stored.
std::optional<std::int64_t> budget_of(PlannedCell const& cell, std::vector<StoredCell> const& done)
{
    if (!cell.budget_from)
    {
        return 0;
    }
    reduce::CellResult const& source = done[static_cast<std::size_t>(*cell.budget_from)].result;
    if (source.outcomes.empty())
    {
        return std::nullopt;
    }
    reduce::CellStatistics statistics;
    statistics.add(source.outcomes);
    return budget_from(source.spec.method, statistics);
}

StoredCell stored_cell(Plan const& plan, sched::CellIndex index, std::optional<std::int64_t> budget,
                       fs::path const& output, FindSegment find)
{
    std::vector<sched::BlockIndex> const blocks = plan.blocks_of(index);
    StoredCell stored{.result = {plan[index].spec, 0, budget.value_or(0), {}},
                      .blocks = {},
                      .runs = {},
                      .planned_blocks = std::ssize(blocks)};
    for (sched::BlockIndex const block : blocks)
    {
        stored.result.planned += plan[block].count;
        auto segment = budget ? find(output, plan.block_spec({block, *budget})) : std::nullopt;
        if (segment)
        {
            std::ranges::move(segment->outcomes, std::back_inserter(stored.result.outcomes));
            stored.blocks.push_back(block);
            stored.runs.push_back(segment->run);
        }
    }
    return stored;
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

std::int64_t budget_from(Method source, reduce::CellStatistics const& statistics)
{
    switch (budget_rule_from(source))
    {
        case BudgetRule::percentile:
            return reduce::surfing_budget(statistics).steps;
        case BudgetRule::mean_steps:
            return reduce::restarts_budget(statistics);
    }
    EXPECT(!"every rule has its case");
    return 0;
}

std::optional<store::Segment> peek_segment(fs::path const& output, BlockSpec const& spec)
{
    fs::path const path = store::segment_path(output, spec.id());
    if (!fs::exists(path))
    {
        return std::nullopt;
    }
    try
    {
        return store::read_segment(path, spec);
    }
    catch (FileError const& error)
    {
        spdlog::warn("{}", error.what());
        return std::nullopt;
    }
}

std::vector<StoredCell> stored_cells(Plan const& plan, fs::path const& output, FindSegment find)
{
    std::vector<StoredCell> cells;
    for (std::size_t i = 0; i < plan.cells.size(); ++i)
    {
        cells.push_back(stored_cell(plan, static_cast<sched::CellIndex>(i),
                                    budget_of(plan.cells[i], cells), output, find));
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
