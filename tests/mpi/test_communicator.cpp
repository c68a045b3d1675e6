#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "base/host.hpp"
#include "mpi/backoff.hpp"
#include "mpi/check.hpp"
#include "mpi/communicator.hpp"
#include "mpi/environment.hpp"
#include "mpi/topology.hpp"
#include "support/cpu_time.hpp"

using namespace surf;
using namespace surf::mpi;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace
{

struct Point
{
    std::int64_t index = 0;
    double value = 0;
    friend bool operator==(Point const&, Point const&) = default;
};

Envelope next_message(Communicator const& communicator)
{
    Backoff backoff;
    while (true)
    {
        if (auto const envelope = communicator.probe())
        {
            return *envelope;
        }
        backoff.pause();
    }
}

}  // namespace

TEST_CASE("a null communicator is serial", "[mpi]")
{
    Communicator const serial;
    CHECK(serial.is_null());
    CHECK(serial.rank() == 0);
    CHECK(serial.size() == 1);
    CHECK(serial.duplicate().is_null());
    CHECK(serial.split_shared().is_null());
    CHECK_FALSE(serial.probe());
    CHECK(serial.allgather(3) == std::vector<int>{3});
    CHECK(serial.allgather(std::string("text")) == std::vector<std::string>{"text"});
    CHECK(serial.max(-2) == -2);
    std::string text = "same";
    serial.broadcast(text);
    serial.barrier();
    CHECK(text == "same");
    CHECK(node_topology(serial).hosts == std::vector<std::string>{host_name()});
}

TEST_CASE("communicators move and leave a null one behind", "[mpi]")
{
    Communicator first = Communicator::world();
    int const size = first.size();
    Communicator second = std::move(first);
    CHECK(first.is_null());
    CHECK(first.size() == 1);
    CHECK(second.size() == size);
    first = std::move(second);
    CHECK(second.is_null());
    CHECK(first.duplicate().size() == size);
}

TEST_CASE("collectives bring each rank's share to all", "[mpi]")
{
    Communicator const world = Communicator::world();
    auto const ranks = world.allgather(world.rank());
    for (int rank = 0; rank < world.size(); ++rank)
    {
        CHECK(ranks.at(static_cast<std::size_t>(rank)) == rank);
    }
    CHECK(world.max(10 * world.rank()) == 10 * (world.size() - 1));
    CHECK(world.max(-world.rank()) == 0);

    int const last = world.size() - 1;
    Point point;
    std::string text;
    std::string empty = "not empty";
    if (world.rank() == last)
    {
        point = {7, 0.5};
        text = std::string(100'000, 'x');
        empty.clear();
    }
    world.broadcast(point, last);
    world.broadcast(text, last);
    world.broadcast(empty, last);
    CHECK(point == Point{7, 0.5});
    CHECK(text == std::string(100'000, 'x'));
    CHECK(empty.empty());
}

TEST_CASE("texts of different length arrive whole", "[mpi]")
{
    Communicator const world = Communicator::world();
    auto const letters = [](int rank) {
        return std::string(static_cast<std::size_t>(3 * rank), static_cast<char>('a' + rank));
    };
    auto const texts = world.allgather(letters(world.rank()));
    REQUIRE(texts.size() == static_cast<std::size_t>(world.size()));
    for (int rank = 0; rank < world.size(); ++rank)
    {
        CHECK(texts.at(static_cast<std::size_t>(rank)) == letters(rank));
    }
}

TEST_CASE("messages travel round a ring, also empty and large ones", "[mpi]")
{
    Communicator const world = Communicator::world();
    int const next = (world.rank() + 1) % world.size();
    int const previous = (world.rank() + world.size() - 1) % world.size();
    CHECK_FALSE(world.probe());
    world.barrier();
    std::vector<Point> const points = {{world.rank(), 1.5}, {-1, 0}};
    world.send(std::span(points), next, 4);
    Envelope const envelope = next_message(world);
    CHECK(envelope.source == previous);
    CHECK(envelope.tag == 4);
    CHECK(world.receive<Point>(envelope) == std::vector<Point>{{previous, 1.5}, {-1, 0}});

    world.send(std::span<Point const>(), next, 5);
    CHECK(world.receive<Point>(next_message(world)).empty());

    if (world.size() > 1)  // beyond the eager limit a send waits for its receiver
    {
        std::vector<double> const large(1'000'000, 0.25);
        if (world.rank() == 0)
        {
            world.send(std::span(large), next, 6);
        }
        else if (world.rank() == 1)
        {
            CHECK(world.receive<double>(next_message(world)) == large);
        }
    }
}

TEST_CASE("duplicates do not see each other's messages", "[mpi]")
{
    Communicator const world = Communicator::world();
    Communicator const other = world.duplicate();
    std::vector<int> const values = {1};
    world.send(std::span(values), world.rank(), 1);
    Envelope const envelope = next_message(world);
    CHECK_FALSE(other.probe());
    CHECK(world.receive<int>(envelope) == values);
}

TEST_CASE("an MPI failure is an exception that names the call", "[mpi]")
{
    Communicator const world = Communicator::world();
    std::vector<int> const values = {1, 2};
    CHECK_THROWS_AS(world.send(std::span(values), world.size(), 0), MpiError);
    CHECK_THROWS_WITH(world.send(std::span(values), world.size(), 0),
                      StartsWith("MPI_Send failed: MPI_ERR_RANK"));
    CHECK_THROWS_WITH(world.duplicate().send(std::span(values), -7, 0), Contains("MPI_ERR_RANK"));
    Communicator const node = world.split_shared();
    CHECK_THROWS_WITH(node.send(std::span(values), node.size(), 0), Contains("MPI_ERR_RANK"));

    world.send(std::span(values).first(1), world.rank(), 2);  // 4 bytes are half a double
    Envelope const envelope = next_message(world);
    CHECK_THROWS_WITH(world.receive<double>(envelope), StartsWith("MPI_Recv failed"));
}

TEST_CASE("what fails on one rank is thrown on all", "[mpi]")
{
    Communicator const world = Communicator::world();
    int const last = world.size() - 1;
    agree(world, [] {});
    auto const last_fails = [&] {
        if (world.rank() == last)
        {
            throw InputError("bad value");
        }
    };
    try
    {
        agree(world, last_fails);
        FAIL("nothing was thrown");
    }
    catch (Error const& error)
    {
        CHECK(error.code() == ExitCode::bad_input);
        CHECK_THAT(error.what(), Contains("bad value"));
        CHECK((world.rank() == last ||
               std::string(error.what()) == "rank " + std::to_string(last) + ": bad value"));
    }
    CHECK_THROWS(agree(world, [] { throw std::runtime_error("everywhere"); }));
}

TEST_CASE("the topology counts this machine's ranks", "[mpi]")
{
    Communicator const world = Communicator::world();
    NodeTopology const topology = node_topology(world);
    CHECK(topology.node_rank == world.rank());
    CHECK(topology.node_size == world.size());
    CHECK(topology.nodes == 1);
    CHECK(topology.hosts ==
          std::vector<std::string>(static_cast<std::size_t>(world.size()), host_name()));
    CHECK_FALSE(library_version().empty());
    CHECK(library_version().find('\n') == std::string::npos);
}

// 1 s at a barrier: pauses of 10 ms are 100 tests, far below a tenth of a core; a spin takes it
// all.
TEST_CASE("waiting at a barrier costs no core", "[mpi]")
{
    Communicator const world = Communicator::world();
    world.barrier();
    double const before = test::cpu_seconds();
    if (world.rank() == 0)
    {
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    world.barrier();
    CHECK(test::cpu_seconds() - before < 0.1);
}
