#include "sched/dispatcher.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace surf::sched
{
namespace
{

template <class... Handlers>
struct Overloaded : Handlers...
{
    using Handlers::operator()...;
};

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
                          [&](BlockFailed const& failed) {
                              spdlog::warn("block {} failed on rank {}: {}",
                                           static_cast<int>(failed.block), from, failed.reason);
                              reasons_[failed.block] = failed.reason;
                              ledger_.block_failed(failed.block, from);
                          },
                          [&](Goodbye const&) {
                              parked_.erase(from);
                              ledger_.rank_lost(from);
                          }},
               report);
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
        Lease const lease{ledger_.lease(rank, request.held, request.most)};
        if (!lease.blocks.empty())
        {
            link_.send(rank, lease);
        }
        return !lease.blocks.empty();
    });
    return answered > 0;
}

}  // namespace surf::sched
