#pragma once

#include "sched/ledger.hpp"

namespace surf::sched::test
{

constexpr ChainIndex chain(int index)
{
    return static_cast<ChainIndex>(index);
}
constexpr CellIndex cell(int index)
{
    return static_cast<CellIndex>(index);
}
constexpr BlockIndex block(int index)
{
    return static_cast<BlockIndex>(index);
}

/// `chains` chains not yet published, each with `pairs` pairs of cells: 2i runs first, 2i + 1 waits
/// for its budget; `blocks` blocks a cell, of costs 1, 2, 3, … within the cell.
inline WorkPlan paired_plan(int chains, int pairs, int blocks)
{
    WorkPlan plan;
    plan.chains.resize(static_cast<std::size_t>(chains));
    for (int pair = 0; pair < chains * pairs; ++pair)
    {
        plan.cells.push_back({.chain = chain(pair / pairs)});
        plan.cells.push_back({.chain = chain(pair / pairs), .budget_from = {cell(2 * pair)}});
    }
    for (int index = 0; index < 2 * chains * pairs; ++index)
    {
        for (int position = 0; position < blocks; ++position)
        {
            plan.blocks.push_back({cell(index), 1.0 + position});
        }
    }
    return plan;
}

}  // namespace surf::sched::test
