#include "sched/ready_blocks.hpp"

#include <algorithm>

namespace surf::sched
{

void ReadyBlocks::add(ChainIndex index, ReadyBlock const& block)
{
    Chain& chain = chains_.at(static_cast<std::size_t>(index));
    by_cost_.erase({-chain.cost, index});
    chain.groups[block.failed_on].emplace(-block.cost, block.block);
    chain.cost += block.cost;
    by_cost_.emplace(-chain.cost, index);
}

void ReadyBlocks::remove(ChainIndex index, ReadyBlock const& block)
{
    Chain& chain = chains_.at(static_cast<std::size_t>(index));
    by_cost_.erase({-chain.cost, index});
    auto const group = chain.groups.find(block.failed_on);
    group->second.erase({-block.cost, block.block});
    if (group->second.empty())
    {
        chain.groups.erase(group);
    }
    chain.cost = chain.groups.empty() ? 0 : chain.cost - block.cost;
    if (!chain.groups.empty())
    {
        by_cost_.emplace(-chain.cost, index);
    }
}

std::optional<BlockIndex> ReadyBlocks::longest(Rank rank, ChainIndex chain,
                                               std::set<Rank> const& present) const
{
    std::optional<std::pair<double, BlockIndex>> longest;
    for (auto const& [failed_on, blocks] : chains_.at(static_cast<std::size_t>(chain)).groups)
    {
        bool const open = !std::ranges::binary_search(failed_on, rank) ||
                          std::ranges::includes(failed_on, present);
        if (open && (!longest || *blocks.begin() < *longest))
        {
            longest = *blocks.begin();
        }
    }
    return longest ? std::optional(longest->second) : std::nullopt;
}

std::optional<BlockIndex> ReadyBlocks::next(Rank rank, std::optional<ChainIndex> held,
                                            std::set<Rank> const& present) const
{
    if (held)
    {
        if (auto const block = longest(rank, *held, present))
        {
            return block;
        }
    }
    for (auto const& [cost, chain] : by_cost_)
    {
        if (auto const block = longest(rank, chain, present))
        {
            return block;
        }
    }
    return std::nullopt;
}

}  // namespace surf::sched
