#include "bench/lease.hpp"

#include <cstdlib>

#include "base/contract.hpp"
#include "bench/timing.hpp"
#include "sched/dispatcher.hpp"

namespace surf::bench
{
namespace
{

constexpr std::int64_t round_trips = 500;  ///< a repetition
constexpr std::int64_t repetitions = 20;

/// Blocks enough for every round trip, of one chain that is there.
sched::WorkPlan plan_of_round_trips(int ranks)
{
    sched::WorkPlan plan;
    plan.chains.push_back({.published = true});
    plan.cells.push_back({sched::ChainIndex{0}, {}});
    // As many again for each rank, so that the last ones need not be shared out.
    std::int64_t const blocks = (repetitions + 1) * round_trips * ranks;
    plan.blocks.assign(static_cast<std::size_t>(blocks), {sched::CellIndex{0}});
    return plan;
}

/// Answers rank 1 until it says goodbye.
void coordinate(mpi::Communicator own, int ranks)
{
    sched::Ledger ledger(plan_of_round_trips(ranks), ranks);
    sched::CoordinatorLink coordinator(std::move(own));
    sched::Dispatcher dispatcher(ledger, coordinator);
    int const others = coordinator.workers() - 1;
    while (coordinator.workers() > others)
    {
        dispatcher.serve();
    }
}

/// Asks for a block, waits for it and reports it done.
void round_trip(sched::WorkerLink const& worker)
{
    worker.send(sched::WorkRequest{sched::ChainIndex{0}, 1});
    auto order = worker.poll();
    while (!order)
    {
        order = worker.poll();
    }
    EXPECT(std::holds_alternative<sched::Lease>(*order));
    worker.send(sched::BlockDone{std::get<sched::Lease>(*order).blocks.front().block});
}

/// Seconds of one round trip.
Spread work(mpi::Communicator own)
{
    sched::WorkerLink const worker(std::move(own));
    std::vector<double> seconds;
    for (std::int64_t i = 0; i <= repetitions; ++i)
    {
        auto const group = [&] {
            for (std::int64_t trip = 0; trip < round_trips; ++trip)
            {
                round_trip(worker);
            }
        };
        seconds.push_back(seconds_of(group, at::kCPU) / static_cast<double>(round_trips));
    }
    worker.send(sched::Goodbye{});
    seconds.erase(seconds.begin());  // the warm-up
    return Spread::of(std::move(seconds));
}

void measure_leases(Session& session, std::string const& name)
{
    mpi::Communicator const& world = session.world;
    mpi::Communicator own = world.duplicate();
    Spread mine;
    if (world.rank() == 0)
    {
        coordinate(std::move(own), world.size());
    }
    else if (world.rank() == 1)
    {
        mine = work(std::move(own));
    }
    Spread const seconds = world.allgather(mine)[1];
    session.report.add({"sched", name, seconds.times(1e6), "us/round trip"});
}

}  // namespace

Cases lease_cases()
{
    std::string const name = "sched/lease";
    return {{name, Ranks::all, [=](Session& session) { measure_leases(session, name); }}};
}

}  // namespace surf::bench
