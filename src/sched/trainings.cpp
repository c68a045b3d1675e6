#include "sched/trainings.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "base/contract.hpp"

namespace surf::sched
{
namespace
{

/// Of one chain. What damages it a third time would do so for ever.
constexpr int most_losses = 2;

}  // namespace

Trainings::Trainings(std::vector<ChainWork> chains, TrainingRoom room) : room_(std::move(room))
{
    for (ChainWork const& work : chains)
    {
        EXPECT(work.cost >= 0 && work.threads > 0);
        chains_.push_back({.work = work});
    }
}

Trainings::Stage Trainings::stage(ChainIndex chain) const
{
    return chains_.at(static_cast<std::size_t>(chain)).stage;
}

void Trainings::set(ChainIndex chain, Stage stage)
{
    EXPECT(stage != Stage::leased);
    move(chains_.at(static_cast<std::size_t>(chain)), stage);
}

bool Trainings::lose(ChainIndex index)
{
    Chain& chain = chains_.at(static_cast<std::size_t>(index));
    EXPECT(chain.stage == Stage::published);
    if (chain.losses == most_losses)
    {
        return false;
    }
    ++chain.losses;
    chain.work.stored = false;
    move(chain, Stage::to_train);
    return true;
}

int Trainings::losses(ChainIndex chain) const
{
    return chains_.at(static_cast<std::size_t>(chain)).losses;
}

void Trainings::retry()
{
    for (Chain& chain : chains_)
    {
        if (chain.stage == Stage::elsewhere)
        {
            move(chain, Stage::to_train);
        }
    }
}

void Trainings::give_back(Rank rank)
{
    for (Chain& chain : chains_)
    {
        if (chain.stage == Stage::leased && chain.holder == rank)
        {
            move(chain, Stage::to_train);
        }
    }
}

bool Trainings::exclude(Rank rank, std::set<Rank> const& present)
{
    give_back(rank);
    excluded_.insert(rank);
    ++failures_;
    return failures_ == 1 && !all_excluded(present) && !room_.first_rank_alone;
}

void Trainings::leave(Rank rank, std::set<Rank> const& present)
{
    give_back(rank);
    if (all_excluded(present))
    {
        excluded_.clear();
    }
}

bool Trainings::all_excluded(std::set<Rank> const& present) const
{
    return std::ranges::includes(excluded_, present);
}

/// The one place where a chain changes its stage, so that what is busy agrees with it.
void Trainings::move(Chain& chain, Stage next)
{
    auto const count = [&](int sign) {
        if (chain.work.stored)
        {
            return;
        }
        leased_ += sign;
        busy_threads_[place_of(chain.holder).node] += sign * chain.work.threads;
    };
    if (chain.stage == Stage::leased)
    {
        count(-1);
    }
    if (next == Stage::leased)
    {
        count(+1);
    }
    chain.stage = next;
}

RankPlace Trainings::place_of(Rank rank) const
{
    return room_.places.empty() ? RankPlace{.node = 0, .cores = std::numeric_limits<int>::max()}
                                : room_.places.at(static_cast<std::size_t>(rank));
}

bool Trainings::fits(Chain const& chain, RankPlace const& place) const
{
    if (chain.work.stored)
    {
        return true;
    }
    if (room_.most > 0)
    {
        return leased_ < room_.most;
    }
    auto const found = busy_threads_.find(place.node);
    int const busy = found == busy_threads_.end() ? 0 : found->second;
    return busy == 0 || chain.work.threads <= place.cores - busy;
}

std::optional<ChainIndex> Trainings::lease(Rank rank, WaitingWork const& waiting_work)
{
    if (excluded_.contains(rank) || (room_.first_rank_alone && rank != 0))
    {
        return std::nullopt;
    }
    std::optional<std::size_t> best;
    std::tuple<bool, double, double> best_worth;
    RankPlace const place = place_of(rank);
    for (std::size_t i = 0; i < chains_.size(); ++i)
    {
        Chain const& chain = chains_[i];
        if (chain.stage != Stage::to_train || !fits(chain, place))
        {
            continue;
        }
        double const waiting = waiting_work(static_cast<ChainIndex>(i));
        std::tuple const worth(chain.work.stored, chain.work.cost, waiting);
        if ((waiting >= 0 || chain.work.wanted) && (!best || worth > best_worth))
        {
            best = i;
            best_worth = worth;
        }
    }
    if (!best)
    {
        return std::nullopt;
    }
    chains_[*best].holder = rank;
    move(chains_[*best], Stage::leased);
    return static_cast<ChainIndex>(*best);
}

std::int64_t Trainings::published() const
{
    return std::ranges::count(chains_, Stage::published, &Chain::stage);
}

std::vector<ChainIndex> Trainings::left(WaitingWork const& waiting_work) const
{
    std::vector<ChainIndex> left;
    for (std::size_t i = 0; i < chains_.size(); ++i)
    {
        auto const index = static_cast<ChainIndex>(i);
        Chain const& chain = chains_[i];
        bool const ended = chain.stage == Stage::published || chain.stage == Stage::failed;
        if (!ended && (chain.work.wanted || waiting_work(index) >= 0))
        {
            left.push_back(index);
        }
    }
    return left;
}

}  // namespace surf::sched
