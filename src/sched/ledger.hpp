#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace surf::sched
{

/// Positions in the plan's tables, kept apart by type.
enum class ChainIndex : std::int32_t
{
};
enum class CellIndex : std::int32_t
{
};
enum class BlockIndex : std::int32_t
{
};
using Rank = int;

struct ChainWork
{
    bool published = false;  ///< already stored by an earlier run
};

struct CellWork
{
    ChainIndex chain;
    /// The cell whose reduction gives this one its budget: adam before surfing.
    std::optional<CellIndex> budget_from;
};

struct BlockWork
{
    CellIndex cell;
    double cost = 1;  ///< expected network evaluations: the longest are leased first
};

struct WorkPlan
{
    std::vector<ChainWork> chains;
    std::vector<CellWork> cells;
    std::vector<BlockWork> blocks;
};

/// A block to compute, with the budget that its cell was given (0 without one).
struct LeasedBlock
{
    BlockIndex block;
    std::int64_t budget = 0;
    friend bool operator==(LeasedBlock const&, LeasedBlock const&) = default;
};

struct Progress
{
    std::int64_t chains = 0, chains_published = 0;
    std::int64_t blocks = 0, blocks_done = 0, blocks_leased = 0, blocks_failed = 0;
    /// Blocks that will never run, because their chain or the cell that they depend on failed.
    std::int64_t blocks_abandoned = 0;
    double cost = 0, cost_done = 0;
};

/// Who computes what: a pure state machine, fed with events, that knows no clock and no MPI.
///
/// The stages of a block: its chain published → (its cell's budget known) → ready → leased → done,
/// or failed after max_attempts. Leases go to ready blocks, first of the chain that the rank holds,
/// then the longest expected block first; a block that failed on a rank goes to another one if
/// there is one. Every event costs at most O(log blocks) amortised.
class Ledger
{
  public:
    /// `ranks` computing ranks, numbered from 0. Broken plans (index out of range, cyclic
    /// dependence) are contract violations.
    Ledger(WorkPlan plan, int ranks, int max_attempts = 3);

    // Events. ------------------------------------------------------------------------------------

    void chain_published(ChainIndex chain);
    /// No block of this chain can run any more.
    void chain_failed(ChainIndex chain);
    /// The cell's outcomes were reduced to this budget for the cells that wait for it.
    void cell_reduced(CellIndex cell, std::int64_t budget);
    /// The block is stored: by `rank` now, or found there by whoever starts the run.
    void block_done(BlockIndex block);
    void block_failed(BlockIndex block, Rank rank);
    /// The rank is gone or gave its leases back: what it held is ready again, at no attempt's cost.
    void rank_lost(Rank rank);

    // Questions. ---------------------------------------------------------------------------------

    /// Leases at most `most` blocks to a rank: fewer when the rest must be shared among all ranks,
    /// none when nothing is ready for it.
    std::vector<LeasedBlock> lease(Rank rank, std::optional<ChainIndex> held, int most);
    /// The first chain not yet published (and not failed), in the plan's order.
    std::optional<ChainIndex> next_chain() const;
    /// Cells whose blocks are all done (or failed, at least one done), that others wait for, and
    /// that were not reduced yet.
    std::vector<CellIndex> cells_to_reduce() const;
    /// Nothing is leased, ready or still to come.
    bool finished() const;
    Progress progress() const;
    std::vector<BlockIndex> failed_blocks() const;

  private:
    // to be filled in
};

}  // namespace surf::sched
