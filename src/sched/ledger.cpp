#include "sched/ledger.hpp"

#include <algorithm>
#include <iterator>

#include "base/contract.hpp"

namespace surf::sched
{
namespace
{

/// The entry of a table at a typed position.
template <class Table, class Index>
auto& at(Table& table, Index index)
{
    auto const position = static_cast<std::size_t>(index);
    EXPECT(position < table.size());
    return table[position];
}

}  // namespace

Ledger::Ledger(WorkPlan plan, int ranks, int max_attempts)
    : trainings_(plan.chains, plan.room),
      chains_(plan.chains.size()),
      ready_(plan.chains.size()),
      max_attempts_(max_attempts),
      held_(static_cast<std::size_t>(ranks))
{
    EXPECT(ranks > 0 && max_attempts > 0);
    for (Rank rank = 0; rank < ranks; ++rank)
    {
        present_.insert(rank);
    }
    for (CellWork const& work : plan.cells)
    {
        auto const index = static_cast<CellIndex>(cells_.size());
        at(chains_, work.chain).cells.push_back(index);
        for (CellIndex const source : work.budget_from)
        {
            at(cells_, source).dependents.push_back(index);
        }
        cells_.push_back(
            {.chain = work.chain,
             .budget_from = work.budget_from,
             .dependents = {},
             .blocks = {},
             .budget = work.budget_from.empty() ? std::optional(work.budget) : std::nullopt});
    }
    for (BlockWork const& work : plan.blocks)
    {
        EXPECT(work.cost >= 0);
        Cell& cell = at(cells_, work.cell);
        cell.blocks.push_back(static_cast<BlockIndex>(blocks_.size()));
        ++cell.open;
        Chain& chain = at(chains_, cell.chain);
        ++chain.open;
        chain.open_cost += work.cost;
        blocks_.push_back({.cell = work.cell, .cost = work.cost, .failed_on = {}});
        cost_ += work.cost;
    }
    counts_[static_cast<std::size_t>(Stage::waiting)] = static_cast<std::int64_t>(blocks_.size());
    EXPECT(std::ranges::all_of(
        cells_, [](Cell const& cell) { return cell.dependents.empty() || !cell.blocks.empty(); }));
    for (std::size_t chain = 0; chain < chains_.size(); ++chain)
    {
        if (plan.chains[chain].published)
        {
            chain_published(static_cast<ChainIndex>(chain));
        }
    }
}

// Events. ----------------------------------------------------------------------------------------

void Ledger::chain_published(ChainIndex index)
{
    EXPECT(trainings_.stage(index) != Trainings::Stage::failed);
    trainings_.set(index, Trainings::Stage::published);
    for (CellIndex const cell : at(chains_, index).cells)
    {
        release(cell);
    }
}

void Ledger::chain_failed(ChainIndex index)
{
    trainings_.set(index, Trainings::Stage::failed);
    for (CellIndex const cell : at(chains_, index).cells)
    {
        abandon(cell);
    }
}

void Ledger::chain_busy(ChainIndex index)
{
    trainings_.set(index, Trainings::Stage::elsewhere);
}

bool Ledger::training_failed(Rank rank)
{
    return trainings_.exclude(rank, present_);
}

void Ledger::budget_granted(CellIndex index, Budget const& budget)
{
    Cell& cell = at(cells_, index);
    EXPECT(!cell.budget && to_grant_.contains(index));
    cell.budget = budget;
    to_grant_.erase(index);
    release(index);
}

void Ledger::block_done(BlockIndex index)
{
    Stage const stage = at(blocks_, index).stage;
    if (stage == Stage::waiting || stage == Stage::ready || stage == Stage::leased)
    {
        move(index, Stage::done);
        stored_.push_back(index);
    }
}

bool Ledger::is_held(BlockIndex index, Rank rank) const
{
    Block const& block = at(blocks_, index);
    return block.stage == Stage::leased && block.holder == rank;
}

void Ledger::chain_damaged(BlockIndex index, Rank rank)
{
    if (!is_held(index, rank))
    {
        return;
    }
    ChainIndex const chain = cell_of(index).chain;
    bool const is_news = trainings_.losses(chain) == at(blocks_, index).chain_losses;
    if (is_news && trainings_.stage(chain) == Trainings::Stage::published)
    {
        if (!trainings_.lose(chain))
        {
            block_failed(index, rank);
            return;
        }
        for (CellIndex const cell : at(chains_, chain).cells)
        {
            withdraw(cell);
        }
    }
    requeue(index);
}

void Ledger::block_failed(BlockIndex index, Rank rank)
{
    if (!is_held(index, rank))
    {
        return;
    }
    Block& block = at(blocks_, index);
    ++block.attempts;
    auto const place = std::ranges::lower_bound(block.failed_on, rank);
    if (place == block.failed_on.end() || *place != rank)
    {
        block.failed_on.insert(place, rank);
    }
    if (block.attempts == max_attempts_)
    {
        move(index, Stage::failed);
    }
    else
    {
        requeue(index);
    }
}

void Ledger::rank_lost(Rank rank)
{
    present_.erase(rank);
    trainings_.leave(rank, present_);
    auto& held = at(held_, rank);
    while (!held.empty())
    {
        requeue(*held.begin());
    }
}

// Questions. -------------------------------------------------------------------------------------

std::vector<LeasedBlock> Ledger::lease(Rank rank, std::optional<ChainIndex> held, int most)
{
    EXPECT(most > 0);
    EXPECT(static_cast<std::size_t>(rank) < held_.size());
    present_.insert(rank);
    // Guided: what is left shrinks with each lease, so that all ranks end at about the same time.
    auto const share = count(Stage::ready) / (2 * static_cast<std::int64_t>(present_.size()));
    auto const length = static_cast<std::size_t>(std::clamp<std::int64_t>(share, 1, most));
    std::vector<LeasedBlock> leases;
    for (auto next = ready_.next(rank, held, present_); next;
         next = ready_.longest(rank, cell_of(*next).chain, present_))
    {
        at(blocks_, *next).holder = rank;
        at(blocks_, *next).chain_losses = trainings_.losses(cell_of(*next).chain);
        move(*next, Stage::leased);
        leases.push_back({*next, *cell_of(*next).budget});
        if (leases.size() == length)
        {
            break;
        }
    }
    return leases;
}

std::optional<ChainIndex> Ledger::lease_chain(Rank rank)
{
    return trainings_.lease(rank, [&](ChainIndex chain) { return waiting_work(chain); });
}

/// The cost of the blocks that have not ended; negative if there are none.
double Ledger::waiting_work(ChainIndex index) const
{
    Chain const& chain = at(chains_, index);
    return chain.open > 0 ? chain.open_cost : -1;
}

std::vector<ChainIndex> Ledger::chains_left() const
{
    return trainings_.left([&](ChainIndex chain) { return waiting_work(chain); });
}

std::vector<CellIndex> Ledger::cells_to_grant() const
{
    std::vector<CellIndex> wanted;
    std::ranges::copy_if(to_grant_, std::back_inserter(wanted),
                         [&](CellIndex cell) { return at(cells_, cell).open > 0; });
    return wanted;
}

bool Ledger::finished() const
{
    return count(Stage::waiting) + count(Stage::ready) + count(Stage::leased) == 0 &&
           trainings_.left([](ChainIndex) { return -1; }).empty();
}

Progress Ledger::progress() const
{
    return {.chains = static_cast<std::int64_t>(chains_.size()),
            .chains_published = trainings_.published(),
            .blocks = static_cast<std::int64_t>(blocks_.size()),
            .blocks_done = count(Stage::done),
            .blocks_leased = count(Stage::leased),
            .blocks_failed = count(Stage::failed),
            .blocks_abandoned = count(Stage::abandoned),
            .cost = cost_,
            .cost_done = cost_done_};
}

std::vector<BlockIndex> Ledger::failed_blocks() const
{
    std::vector<BlockIndex> failed;
    for (std::size_t index = 0; index < blocks_.size(); ++index)
    {
        if (blocks_[index].stage == Stage::failed)
        {
            failed.push_back(static_cast<BlockIndex>(index));
        }
    }
    return failed;
}

Ledger::Cell& Ledger::cell_of(BlockIndex block)
{
    return at(cells_, at(blocks_, block).cell);
}

bool Ledger::may_run(Cell const& cell) const
{
    return trainings_.stage(cell.chain) == Trainings::Stage::published && cell.budget.has_value();
}

// Moves. -----------------------------------------------------------------------------------------

/// The one place where a block changes its stage, so that all queues and counts agree with it.
void Ledger::move(BlockIndex index, Stage next)
{
    Block& block = at(blocks_, index);
    Cell& cell = cell_of(index);
    --at(counts_, block.stage);
    ++at(counts_, next);
    if (block.stage == Stage::leased)
    {
        at(held_, block.holder).erase(index);
    }
    ReadyBlock const ready{index, block.cost, block.failed_on};
    if (block.stage == Stage::ready)
    {
        ready_.remove(cell.chain, ready);
    }
    if (next == Stage::ready)
    {
        ready_.add(cell.chain, ready);
    }
    block.stage = next;
    switch (next)
    {
        case Stage::leased:
            at(held_, block.holder).insert(index);
            return;
        case Stage::done:
            ++cell.done;
            cost_done_ += block.cost;
            break;
        case Stage::failed:
        case Stage::abandoned:
            break;
        default:
            return;
    }
    --cell.open;
    Chain& chain = at(chains_, cell.chain);
    --chain.open;
    chain.open_cost -= block.cost;
    if (cell.open == 0)
    {
        settle(block.cell);
    }
}

/// A leased block comes back.
void Ledger::requeue(BlockIndex block)
{
    Cell const& cell = cell_of(block);
    Stage const next = may_run(cell) ? Stage::ready : Stage::waiting;
    move(block, cell.abandoned ? Stage::abandoned : next);
}

/// A cell's blocks become ready once nothing is missing.
void Ledger::release(CellIndex index)
{
    Cell const& cell = at(cells_, index);
    if (cell.abandoned || !may_run(cell))
    {
        return;
    }
    for (BlockIndex const block : cell.blocks)
    {
        if (at(blocks_, block).stage == Stage::waiting)
        {
            move(block, Stage::ready);
        }
    }
}

/// A cell's blocks wait again, as its chain is not there any more.
void Ledger::withdraw(CellIndex index)
{
    for (BlockIndex const block : at(cells_, index).blocks)
    {
        if (at(blocks_, block).stage == Stage::ready)
        {
            move(block, Stage::waiting);
        }
    }
}

/// A cell's blocks that nobody computes now will never run; leased ones may still end well.
void Ledger::abandon(CellIndex index)
{
    Cell& cell = at(cells_, index);
    cell.abandoned = true;
    for (BlockIndex const block : cell.blocks)
    {
        Stage const stage = at(blocks_, block).stage;
        if (stage == Stage::waiting || stage == Stage::ready)
        {
            move(block, Stage::abandoned);
        }
    }
}

/// No block of the cell is open any more: others wait for its outcomes, if it has any.
void Ledger::settle(CellIndex index)
{
    Cell const& cell = at(cells_, index);
    for (CellIndex const dependent : cell.dependents)
    {
        if (cell.done == 0)
        {
            abandon(dependent);
        }
        else if (std::ranges::all_of(at(cells_, dependent).budget_from, [&](CellIndex source) {
                     return at(cells_, source).settled();
                 }))
        {
            to_grant_.insert(dependent);
        }
    }
}

}  // namespace surf::sched
