#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sched/index.hpp"

namespace surf::sched
{

/// A block that waits for a rank to take it.
struct ReadyBlock
{
    BlockIndex block;
    double cost = 1;
    std::vector<Rank> failed_on = {};  ///< sorted, each rank once
};

/// The blocks that ranks may take, by chain: of a chain the longest first, then in the plan's
/// order. A rank takes what failed on it only if it failed on all others that are there, too.
class ReadyBlocks
{
  public:
    explicit ReadyBlocks(std::size_t chains) : chains_(chains) {}

    void add(ChainIndex chain, ReadyBlock const& block);
    void remove(ChainIndex chain, ReadyBlock const& block);

    /// For a rank among those that are there: of the chain that it holds if there is one, otherwise
    /// of the chain with the most work ready.
    std::optional<BlockIndex> next(Rank rank, std::optional<ChainIndex> held,
                                   std::set<Rank> const& present) const;
    /// Of this chain.
    std::optional<BlockIndex> longest(Rank rank, ChainIndex chain,
                                      std::set<Rank> const& present) const;

  private:
    /// By falling cost, then in the plan's order.
    using Queue = std::set<std::pair<double, BlockIndex>>;
    struct Chain
    {
        /// By the ranks they failed on, so that a rank passes over what is not for it in one step.
        std::map<std::vector<Rank>, Queue> groups;
        double cost = 0;
    };

    std::vector<Chain> chains_;
    std::set<std::pair<double, ChainIndex>> by_cost_;  ///< those with ready blocks
};

}  // namespace surf::sched
