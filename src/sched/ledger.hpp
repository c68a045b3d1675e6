#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sched/index.hpp"
#include "sched/ready_blocks.hpp"
#include "sched/trainings.hpp"
#include "spec/budget.hpp"

namespace surf::sched
{

struct CellWork
{
    ChainIndex chain;
    /// Cells whose outcomes this one's budget follows from, earlier in the plan.
    std::vector<CellIndex> budget_from = {};
    Budget budget = {};  ///< of a cell that waits for none
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
    TrainingRoom room = {};
};

/// A block to compute, with its cell's budget.
struct LeasedBlock
{
    BlockIndex block;
    Budget budget = {};
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
/// A chain that is not published is leased as a training, to one rank at a time (Trainings).
///
/// The stages of a block: its chain published → (its cell's budget known) → ready → leased → done,
/// or failed after max_attempts. If its chain is lost it waits again. Leases go to ready blocks of
/// one chain, the one that the rank holds or else the one with the most work ready, the longest
/// expected block first; a block that failed on a rank goes to another one if there is one. Every
/// event costs O(log blocks) amortised, and the lease of a training O(chains).
///
/// Late news are no news: a report about a block that is done already, or a failure from a rank
/// that no longer holds the block, changes nothing.
class Ledger
{
  public:
    /// `ranks` computing ranks, numbered from 0. Broken plans (index out of range, a budget from a
    /// later cell or from one without blocks) are contract violations.
    Ledger(WorkPlan plan, int ranks, int max_attempts = 3);

    // Events. ------------------------------------------------------------------------------------

    void chain_published(ChainIndex chain);
    /// No block of this chain can run any more.
    void chain_failed(ChainIndex chain);
    /// Another job trains this chain: no rank is given it before retry_chains().
    void chain_busy(ChainIndex chain);
    void retry_chains() { trainings_.retry(); }
    /// This rank could not train, for no fault of the chain's: it is given no other. Returns
    /// whether the chain may do better on another rank, which will be given it.
    bool training_failed(Rank rank);
    /// A cell of cells_to_grant() has its budget.
    void budget_granted(CellIndex cell, Budget const& budget);
    /// The block is stored: by a rank now, or found there by whoever starts the run.
    void block_done(BlockIndex block);
    void block_failed(BlockIndex block, Rank rank);
    /// The rank could not compute the block because its published chain was damaged meanwhile. The
    /// chain is made again and its blocks wait for it, at no attempt's cost; if that happened too
    /// often already, the block failed.
    void chain_damaged(BlockIndex block, Rank rank);
    /// The rank is gone or gave its leases back: what it held is ready again, at no attempt's cost,
    /// and what it trained is to be trained. No block waits for this rank to take it, until it
    /// leases again.
    void rank_lost(Rank rank);

    // Questions. ---------------------------------------------------------------------------------

    /// Leases at most `most` blocks to a rank: fewer when the rest must be shared among all ranks,
    /// none when nothing is ready for it.
    std::vector<LeasedBlock> lease(Rank rank, std::optional<ChainIndex> held, int most);
    /// A chain for this rank to train, wanted or awaited by open blocks, if there is one and room.
    std::optional<ChainIndex> lease_chain(Rank rank);
    /// Chains that are wanted or awaited, neither published nor failed.
    std::vector<ChainIndex> chains_left() const;
    /// Cells with open blocks that wait for a budget alone: of all cells that it follows from the
    /// blocks are done (or failed, at least one done).
    std::vector<CellIndex> cells_to_grant() const;
    /// No block is leased, ready or still to come, nor any wanted chain. Chains may be left that no
    /// block waits for.
    bool finished() const;
    Progress progress() const;
    std::vector<BlockIndex> failed_blocks() const;
    /// Blocks that were stored since this was asked last, in the order of the news.
    std::vector<BlockIndex> take_stored() { return std::exchange(stored_, {}); }

  private:
    enum class Stage : std::uint8_t
    {
        waiting,
        ready,
        leased,
        done,
        failed,
        abandoned,
    };
    struct Block
    {
        CellIndex cell;
        double cost = 1;
        Stage stage = Stage::waiting;
        Rank holder = 0;       ///< while leased
        int chain_losses = 0;  ///< of its chain, when it was leased
        int attempts = 0;
        std::vector<Rank> failed_on;  ///< sorted, each rank once
    };
    struct Cell
    {
        ChainIndex chain;
        std::vector<CellIndex> budget_from;
        std::vector<CellIndex> dependents;
        std::vector<BlockIndex> blocks;
        std::int64_t open = 0;  ///< blocks waiting, ready or leased
        std::int64_t done = 0;
        std::optional<Budget> budget;  ///< once it is known
        bool abandoned = false;

        bool settled() const { return open == 0 && done > 0; }
    };
    struct Chain
    {
        std::vector<CellIndex> cells;
        std::int64_t open = 0;  ///< blocks waiting, ready or leased
        double open_cost = 0;   ///< theirs
    };

    Cell& cell_of(BlockIndex block);
    bool is_held(BlockIndex block, Rank rank) const;
    bool may_run(Cell const& cell) const;
    double waiting_work(ChainIndex chain) const;
    std::int64_t count(Stage stage) const { return counts_[static_cast<std::size_t>(stage)]; }

    void move(BlockIndex block, Stage next);
    void requeue(BlockIndex block);
    void release(CellIndex cell);
    void withdraw(CellIndex cell);
    void abandon(CellIndex cell);
    void settle(CellIndex cell);

    Trainings trainings_;
    std::vector<Chain> chains_;
    std::vector<Cell> cells_;
    std::vector<Block> blocks_;
    ReadyBlocks ready_;
    int max_attempts_;
    std::vector<std::set<BlockIndex>> held_;  ///< by rank
    std::set<Rank> present_;                  ///< ranks that take blocks
    std::set<CellIndex> to_grant_;
    std::array<std::int64_t, 6> counts_{};  ///< blocks by stage
    double cost_ = 0;
    double cost_done_ = 0;
    std::vector<BlockIndex> stored_;  ///< what take_stored() will give
};

}  // namespace surf::sched
