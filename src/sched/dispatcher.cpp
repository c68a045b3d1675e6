#include "sched/dispatcher.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/stop_signal.hpp"

namespace surf::sched
{
namespace
{

template <class... Handlers>
struct Overloaded : Handlers...
{
    using Handlers::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // clang 14 does not find it

}  // namespace

Dispatcher::Dispatcher(Ledger& ledger, CoordinatorLink& coordinator)
    : ledger_(ledger), link_(coordinator)
{}

bool Dispatcher::serve()
{
    bool active = false;
    while (auto const incoming = link_.poll())
    {
        take(incoming->from, incoming->report);
        active = true;
    }
    return answer_parked() || active;
}

void Dispatcher::take(Rank from, Report const& report)
{
    std::visit(Overloaded{[&](WorkRequest const& request) {
                              if (!finishing_)
                              {
                                  parked_.insert_or_assign(from, request);
                              }
                          },
                          [&](BlockDone const& done) { ledger_.block_done(done.block); },
                          [&](BlockFailed const& failed) { block_failed(from, failed); },
                          [&](ChainPublished const& published) {
                              trainings_.erase(from);
                              ledger_.chain_published(published.chain);
                          },
                          [&](ChainBusy const& busy) {
                              trainings_.erase(from);
                              ledger_.chain_busy(busy.chain);
                          },
                          [&](ChainFailed const& failed) {
                              trainings_.erase(from);
                              chain_failed(from, failed);
                          },
                          [&](TrainingStep const& step) { trainings_[from] = step; },
                          [&](Goodbye const&) {
                              if (!finishing_ && stop_signal() == nullptr)
                              {
                                  spdlog::warn(
                                      "rank {} was asked to stop and leaves; the others "
                                      "go on",
                                      from);
                              }
                              parked_.erase(from);
                              trainings_.erase(from);
                              ledger_.rank_lost(from);
                          }},
               report);
}

void Dispatcher::block_failed(Rank from, BlockFailed const& failed)
{
    spdlog::debug("block {} failed on rank {}: {}", static_cast<int>(failed.block), from,
                  failed.reason);
    failures_.insert_or_assign(failed.block, failed);
    if (failed.chain_damaged)
    {
        ledger_.chain_damaged(failed.block, from);
    }
    else
    {
        ledger_.block_failed(failed.block, from);
    }
}

void Dispatcher::chain_failed(Rank from, ChainFailed const& failed)
{
    if (failed.ends_run)
    {
        if (!ledger_.training_failed(from))
        {
            fatal_ = failed;
            return;
        }
        spdlog::warn("training failed on rank {}, another one tries: {}", from, failed.reason);
        return;
    }
    failed_chains_.push_back(failed);
    ledger_.chain_failed(failed.chain);
}

std::optional<ChainIndex> Dispatcher::lease_training(Rank rank)
{
    auto const chain = ledger_.lease_chain(rank);
    if (chain)
    {
        trainings_[rank] = {.chain = *chain};
    }
    return chain;
}

void Dispatcher::finish(Finish how)
{
    if (!std::exchange(finishing_, true))
    {
        parked_.clear();
        link_.send_all(how);
    }
}

bool Dispatcher::answer_parked()
{
    auto const answered = std::erase_if(parked_, [&](auto const& entry) {
        auto const& [rank, request] = entry;
        auto const order = order_for(rank, request);
        if (order)
        {
            link_.send(rank, *order);
        }
        return order.has_value();
    });
    return answered > 0;
}

/// Trainings first: blocks wait for them.
std::optional<Order> Dispatcher::order_for(Rank rank, WorkRequest const& request)
{
    if (auto const chain = lease_training(rank))
    {
        return TrainingLease{*chain};
    }
    Lease lease{ledger_.lease(rank, request.held, request.most)};
    return lease.blocks.empty() ? std::nullopt : std::optional<Order>(std::move(lease));
}

}  // namespace surf::sched
