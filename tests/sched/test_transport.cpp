#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>

#include "mpi/backoff.hpp"
#include "sched/dispatcher.hpp"
#include "sched/plans.hpp"
#include "support/cpu_time.hpp"

using namespace surf::sched;
using namespace surf::sched::test;
using surf::mpi::Backoff;
using surf::mpi::Communicator;

namespace
{

using Clock = std::chrono::steady_clock;

template <class Poll>
auto wait_for(Poll poll)
{
    Backoff backoff;
    auto result = poll();
    while (!result)
    {
        backoff.pause();
        result = poll();
    }
    return result;
}

/// A worker without compute: the last rank fails a third of its attempts.
/// Returns the blocks it reported done.
int work(Communicator const& world)
{
    WorkerLink const worker(world.duplicate());
    auto const seed = static_cast<unsigned>(world.rank());
    std::mt19937 engine(seed);
    std::bernoulli_distribution fails(world.rank() == world.size() - 1 ? 1.0 / 3 : 0.0);
    int done = 0;
    worker.send(WorkRequest{std::nullopt, 8});
    while (true)
    {
        auto const order = wait_for([&] { return worker.poll(); });
        if (std::holds_alternative<Finish>(*order))
        {
            CHECK(std::get<Finish>(*order) == Finish::all_done);
            worker.send(Goodbye{});
            return done;
        }
        if (auto const* const training = std::get_if<TrainingLease>(&*order))
        {
            worker.send(TrainingStep{training->chain, 1, 2});
            worker.send(ChainPublished{training->chain});
            worker.send(WorkRequest{training->chain, 8});
            continue;
        }
        for (LeasedBlock const& leased : std::get<Lease>(*order).blocks)
        {
            if (fails(engine))
            {
                worker.send(BlockFailed{.block = leased.block, .reason = "as agreed"});
            }
            else
            {
                worker.send(BlockDone{leased.block});
                ++done;
            }
        }
        worker.send(WorkRequest{chain(0), 8});
    }
}

/// Rank 0 publishes, reduces, serves and computes, as the program's main thread does.
int coordinate(Communicator const& world, Ledger& ledger)
{
    CoordinatorLink coordinator(world.duplicate());
    Dispatcher dispatcher(ledger, coordinator);
    Backoff backoff;
    int done = 0;
    while (!ledger.finished() || coordinator.workers() > 0)
    {
        bool active = dispatcher.serve();
        if (auto const next = dispatcher.lease_training(0))
        {
            dispatcher.take(0, ChainPublished{*next});
        }
        for (CellIndex const index : ledger.cells_to_grant())
        {
            ledger.budget_granted(index, {5, 0});
        }
        for (LeasedBlock const& own : ledger.lease(0, std::nullopt, 1))
        {
            dispatcher.take(0, BlockDone{own.block});
            ++done;
            active = true;
        }
        if (ledger.finished())
        {
            dispatcher.finish(Finish::all_done);
        }
        active ? backoff.reset() : backoff.pause();
    }
    return done;
}

}  // namespace

TEST_CASE("five hundred blocks with failures are done once each, and everyone ends", "[transport]")
{
    Communicator const world = Communicator::world();
    WorkPlan const plan = paired_plan(5, 5, 10);
    REQUIRE(plan.blocks.size() == 500);
    Ledger ledger(plan, world.size(), 100);
    int const done = world.rank() == 0 ? coordinate(world, ledger) : work(world);
    int total = 0;
    for (int const share : world.allgather(done))
    {
        total += share;
    }
    CHECK(total == 500);
    if (world.rank() == 0)
    {
        CHECK(ledger.progress().blocks_done == 500);
    }
}

TEST_CASE("without MPI rank 0 does all", "[transport]")
{
    Ledger ledger(paired_plan(5, 5, 10), 1);
    CHECK(coordinate(Communicator(), ledger) == 500);
}

TEST_CASE("every message arrives as it was sent", "[transport]")
{
    Communicator const world = Communicator::world();
    std::vector<Report> const reports = {
        WorkRequest{std::nullopt, 1},
        WorkRequest{chain(0), 7},
        WorkRequest{chain(123'456'789), 64},
        BlockDone{block(999'999)},
        BlockFailed{.block = block(3), .reason = ""},
        BlockFailed{block(4), surf::ExitCode::environment, true, "disk full: \xc2\xb5 \n and more"},
        ChainPublished{chain(5)},
        ChainBusy{chain(6)},
        ChainFailed{chain(7), std::nullopt, "diverged"},
        ChainFailed{chain(8), surf::ExitCode::environment, ""},
        TrainingStep{chain(9), 50'000'000'000, 70'000'000'000},
        Goodbye{}};
    std::vector<Order> const orders = {
        Lease{{{block(1)}}},
        Lease{std::vector<LeasedBlock>(64, {block(2), {50'000'000'000, 70'000'000'000}})},
        TrainingLease{chain(10)}, Finish::stopped};
    if (world.rank() == 0)
    {
        CoordinatorLink coordinator(world.duplicate());
        std::map<Rank, std::size_t> received;
        while (coordinator.workers() > 0)
        {
            auto const incoming = *wait_for([&] { return coordinator.poll(); });
            CHECK(incoming.report == reports.at(received[incoming.from]));
            if (++received[incoming.from] == 1)
            {
                for (Order const& order : orders)
                {
                    coordinator.send(incoming.from, order);
                }
            }
        }
        CHECK(received.size() == static_cast<std::size_t>(world.size() - 1));
    }
    else
    {
        WorkerLink const worker(world.duplicate());
        for (Report const& report : reports)
        {
            worker.send(report);
        }
        for (Order const& order : orders)
        {
            CHECK(*wait_for([&] { return worker.poll(); }) == order);
        }
    }
}

TEST_CASE("a worker that leaves early gives its leases back", "[transport]")
{
    Communicator const world = Communicator::world();
    if (world.rank() == 0)
    {
        Ledger ledger(WorkPlan{{{true}}, {{chain(0), {}}}, std::vector<BlockWork>(100, {cell(0)})},
                      world.size());
        CoordinatorLink coordinator(world.duplicate());
        Dispatcher dispatcher(ledger, coordinator);
        Backoff backoff;
        while (coordinator.workers() > 0)
        {
            dispatcher.serve() ? backoff.reset() : backoff.pause();
        }
        CHECK(ledger.progress().blocks_leased == 0);
        CHECK(ledger.progress().blocks_failed == 0);
        CHECK(ledger.progress().blocks_done == 2 * (world.size() - 1));
        for (auto const& [block, failed] : dispatcher.failures())
        {
            CHECK(failed.reason == std::string(1000, 'x'));  // cut, so that the send never waits
        }
        CHECK(dispatcher.failures().empty() == (world.size() == 1));
    }
    else
    {
        WorkerLink const worker(world.duplicate());
        worker.send(WorkRequest{std::nullopt, 5});
        auto const lease = std::get<Lease>(*wait_for([&] { return worker.poll(); }));
        REQUIRE(lease.blocks.size() == 5);
        worker.send(BlockDone{lease.blocks[0].block});
        worker.send(BlockDone{lease.blocks[1].block});
        worker.send(
            BlockFailed{.block = lease.blocks[2].block, .reason = std::string(100'000, 'x')});
        worker.send(Goodbye{});
    }
}

// Pauses reach 10 ms, so 2 s are about 200 polls of some 10 µs: 0.1 % of a core. The bound leaves
// a factor of 100 for a busy machine and is a twentieth of a spin.
TEST_CASE("ranks that wait for work cost no core", "[transport]")
{
    Communicator const world = Communicator::world();
    auto const idle_time = std::chrono::seconds(2);
    world.barrier();
    double const before = surf::test::cpu_seconds();
    if (world.rank() == 0)
    {
        // A chain that rank 0 trains for 2 s.
        Ledger ledger(paired_plan(1, 1, 1), world.size());
        ledger.lease_chain(0);
        CoordinatorLink coordinator(world.duplicate());
        Dispatcher dispatcher(ledger, coordinator);
        Backoff backoff;
        for (auto const start = Clock::now(); Clock::now() - start < idle_time;)
        {
            dispatcher.serve() ? backoff.reset() : backoff.pause();
        }
        dispatcher.finish(Finish::stopped);
        while (coordinator.workers() > 0)
        {
            dispatcher.serve();
        }
    }
    else
    {
        WorkerLink const worker(world.duplicate());
        worker.send(WorkRequest{});
        auto const order = wait_for([&] { return worker.poll(); });
        CHECK(std::get<Finish>(*order) == Finish::stopped);
        worker.send(Goodbye{});
    }
    double const used = surf::test::cpu_seconds() - before;
    CHECK(used < 0.1);
}
