#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sched/index.hpp"

namespace surf::sched
{

struct ChainWork
{
    bool published = false;  ///< nothing is left to do for it
    bool stored = false;     ///< by an earlier run: it is to be looked at, and hardly to be trained
    bool wanted = false;     ///< to be trained even if no block needs it
    double cost = 0;         ///< of its training: the longest are leased first
    int threads = 1;         ///< that its training keeps busy
};

/// Where a rank runs.
struct RankPlace
{
    int node = 0;
    int cores = 1;  ///< of the whole node
};

/// How many ranks may train at a time.
struct TrainingRoom
{
    /// By rank. The threads of a node's trainings share its cores; one training it always takes.
    /// Empty: one node, whose cores nobody counts.
    std::vector<RankPlace> places = {};
    int most = 0;  ///< trainings in all, whatever the cores; 0: as many as have cores
    bool first_rank_alone = false;  ///< no other rank is given any
};

/// Which chains are made, and by whom: the part of the ledger that leases trainings.
class Trainings
{
  public:
    enum class Stage : std::uint8_t
    {
        to_train,
        leased,
        elsewhere,  ///< another job trains it: to be looked at again
        published,
        failed,
    };

    /// The cost of the blocks that wait for a chain, negative if none do.
    using WaitingWork = std::function<double(ChainIndex)>;

    Trainings(std::vector<ChainWork> chains, TrainingRoom room);

    Stage stage(ChainIndex chain) const;
    void set(ChainIndex chain, Stage stage);
    /// A published chain was damaged: it is to be made again. Returns false, and changes nothing,
    /// if that happened too often to go on.
    bool lose(ChainIndex chain);
    /// How often it was lost.
    int losses(ChainIndex chain) const;
    /// What is elsewhere is to be trained again.
    void retry();
    /// Its training failed: the same, and it is given no other chain as long as others are there.
    /// Returns whether the failure may be its own: it is the first, and another rank can train.
    bool exclude(Rank rank, std::set<Rank> const& present);
    /// The rank has left: those that were excluded may train again if nobody else is there.
    void leave(Rank rank, std::set<Rank> const& present);

    /// A chain to provide, if one is left and there is room: what is stored, which needs none, then
    /// the longest training, and of equal ones that which most work waits for.
    std::optional<ChainIndex> lease(Rank rank, WaitingWork const& waiting_work);

    std::int64_t published() const;
    /// Chains that are wanted, or that blocks wait for, and neither published nor failed.
    std::vector<ChainIndex> left(WaitingWork const& waiting_work) const;

  private:
    struct Chain
    {
        ChainWork work;
        Stage stage = Stage::to_train;
        Rank holder = 0;  ///< while leased
        int losses = 0;
    };

    void give_back(Rank rank);
    bool all_excluded(std::set<Rank> const& present) const;
    void move(Chain& chain, Stage next);
    bool fits(Chain const& chain, RankPlace const& place) const;
    RankPlace place_of(Rank rank) const;

    std::vector<Chain> chains_;
    TrainingRoom room_;
    std::set<Rank> excluded_;
    int failures_ = 0;                 ///< that were no chain's own
    int leased_ = 0;                   ///< trainings
    std::map<int, int> busy_threads_;  ///< of these, by node
};

}  // namespace surf::sched
