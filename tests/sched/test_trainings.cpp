#include <catch2/catch.hpp>

#include "sched/plans.hpp"

using namespace surf::sched;
using namespace surf::sched::test;

namespace
{

/// A plan in which one block of cost 1 waits for each chain.
WorkPlan plan_of(std::vector<ChainWork> const& chains, TrainingRoom const& room = {})
{
    WorkPlan plan{.chains = chains, .cells = {}, .blocks = {}, .room = room};
    for (std::size_t i = 0; i < chains.size(); ++i)
    {
        plan.cells.push_back({chain(static_cast<int>(i))});
        plan.blocks.push_back({cell(static_cast<int>(i))});
    }
    return plan;
}

/// How many of so many ranks, in turn, are given a chain.
int trainers(Ledger& ledger, int ranks)
{
    int trainers = 0;
    for (Rank rank = 0; rank < ranks; ++rank)
    {
        trainers += ledger.lease_chain(rank) ? 1 : 0;
    }
    return trainers;
}

}  // namespace

TEST_CASE("the longest training goes first, then the one that most work waits for", "[trainings]")
{
    WorkPlan plan = plan_of({{.cost = 1}, {.cost = 3}, {.cost = 3}, {.cost = 3}});
    plan.blocks.push_back({cell(2), 10});
    Ledger ledger(plan, 4);
    CHECK(ledger.lease_chain(0) == chain(2));
    CHECK(ledger.lease_chain(1) == chain(1));
    CHECK(ledger.lease_chain(2) == chain(3));
    CHECK(ledger.lease_chain(3) == chain(0));
    CHECK_FALSE(ledger.lease_chain(0));
}

TEST_CASE("a chain is trained by one rank, and again by another if that is lost", "[trainings]")
{
    Ledger ledger(plan_of({{}}), 2);
    CHECK(ledger.lease_chain(1) == chain(0));
    CHECK_FALSE(ledger.lease_chain(0));
    CHECK_FALSE(ledger.finished());
    ledger.rank_lost(1);
    CHECK(ledger.lease_chain(0) == chain(0));
    ledger.chain_published(chain(0));
    CHECK_FALSE(ledger.lease_chain(1));
    CHECK(ledger.lease(1, {}, 1).size() == 1);
}

TEST_CASE("a published chain that was damaged is made again, and its blocks wait for it",
          "[trainings]")
{
    WorkPlan plan = plan_of({{.published = true}});
    plan.blocks.push_back({cell(0)});
    plan.blocks.push_back({cell(0)});
    Ledger ledger(plan, 2, 1);  // no block is tried twice
    auto const first = ledger.lease(0, {}, 1).at(0).block;
    auto const second = ledger.lease(1, {}, 1).at(0).block;
    ledger.chain_damaged(first, 0);
    CHECK(ledger.lease(0, {}, 1).empty());
    CHECK_FALSE(ledger.finished());
    CHECK(ledger.lease_chain(1) == chain(0));
    CHECK_FALSE(ledger.lease_chain(0));
    ledger.chain_published(chain(0));
    ledger.chain_damaged(second, 1);  // of the same damage, found late
    CHECK_FALSE(ledger.lease_chain(1));
    for (int i = 0; i < 3; ++i)
    {
        ledger.block_done(ledger.lease(0, {}, 1).at(0).block);
    }
    CHECK(ledger.finished());
    CHECK(ledger.progress().blocks_failed == 0);
}

TEST_CASE("a chain that is damaged again and again costs its block the attempt", "[trainings]")
{
    Ledger ledger(plan_of({{.published = true}}), 1, 1);
    for (int losses = 0; losses < 2; ++losses)
    {
        ledger.chain_damaged(ledger.lease(0, {}, 1).at(0).block, 0);
        REQUIRE(ledger.lease_chain(0) == chain(0));
        ledger.chain_published(chain(0));
    }
    ledger.chain_damaged(ledger.lease(0, {}, 1).at(0).block, 0);
    CHECK(ledger.progress().blocks_failed == 1);
    CHECK(ledger.finished());
}

TEST_CASE("a chain that another job trains is left alone until it is looked at again",
          "[trainings]")
{
    Ledger ledger(plan_of({{.cost = 2}, {.cost = 1}}), 1);
    CHECK(ledger.lease_chain(0) == chain(0));
    ledger.chain_busy(chain(0));
    CHECK(ledger.lease_chain(0) == chain(1));
    ledger.chain_published(chain(1));
    CHECK_FALSE(ledger.lease_chain(0));
    CHECK_FALSE(ledger.finished());
    ledger.retry_chains();
    CHECK(ledger.lease_chain(0) == chain(0));
}

TEST_CASE("the threads of a node's trainings share its cores", "[trainings]")
{
    std::vector<ChainWork> const chains(20, ChainWork{.threads = 2});
    auto const given = [&](std::vector<RankPlace> const& places) {
        Ledger ledger(plan_of(chains, {places}), 8);
        return trainers(ledger, 8);
    };
    CHECK(given(std::vector<RankPlace>(8, {.node = 0, .cores = 8})) == 4);
    CHECK(given(std::vector<RankPlace>(8, {.node = 0, .cores = 7})) == 3);
    CHECK(given(std::vector<RankPlace>(8, {.node = 0, .cores = 1})) == 1);  // one it always takes
    CHECK(given({{0, 4}, {0, 4}, {0, 4}, {0, 4}, {4, 2}, {4, 2}, {4, 2}, {4, 2}}) == 3);
    CHECK(given({}) == 8);
}

TEST_CASE("a limit on trainers is one on trainings at a time", "[trainings]")
{
    std::vector<RankPlace> const places(8, {.node = 0, .cores = 1});
    Ledger ledger(plan_of(std::vector<ChainWork>(20, ChainWork{.threads = 2}), {places, 3}), 8);
    CHECK(trainers(ledger, 8) == 3);
    ledger.chain_published(chain(1));
    CHECK(trainers(ledger, 8) == 1);
    ledger.chain_failed(chain(0));
    ledger.rank_lost(2);
    CHECK(trainers(ledger, 8) == 2);
}

TEST_CASE("chains that nothing waits for are not trained, unless they are wanted", "[trainings]")
{
    WorkPlan plan;
    plan.chains = {{.wanted = true}, {.wanted = false}};
    for (bool const fails : {false, true})
    {
        Ledger ledger(plan, 1);
        CHECK_FALSE(ledger.finished());
        CHECK(ledger.lease_chain(0) == chain(0));
        CHECK_FALSE(ledger.finished());
        fails ? ledger.chain_failed(chain(0)) : ledger.chain_published(chain(0));
        CHECK_FALSE(ledger.lease_chain(0));
        CHECK(ledger.finished());
    }
}

TEST_CASE("what is stored is looked at first, whatever the room", "[trainings]")
{
    WorkPlan plan =
        plan_of({{.cost = 9}, {.stored = true, .cost = 1}, {.stored = true, .cost = 1}}, {{}, 1});
    plan.blocks.push_back({cell(0), 10});
    Ledger ledger(plan, 3);
    CHECK(ledger.lease_chain(0) == chain(1));
    CHECK(ledger.lease_chain(1) == chain(2));
    CHECK(ledger.lease_chain(2) == chain(0));
    ledger.chain_published(chain(1));
    CHECK(ledger.lease(0, {}, 1).size() == 1);
}

TEST_CASE("the first rank alone trains if the others are not fit for it", "[trainings]")
{
    Ledger ledger(plan_of({{}, {}}, {.first_rank_alone = true}), 2);
    CHECK_FALSE(ledger.lease_chain(1));
    CHECK(ledger.lease_chain(0) == chain(0));
    ledger.chain_busy(chain(0));
    ledger.retry_chains();
    CHECK_FALSE(ledger.lease_chain(1));
    CHECK_FALSE(ledger.training_failed(0));
}

TEST_CASE("what fails on one rank is tried on another, and given up after that", "[trainings]")
{
    Ledger ledger(plan_of({{}, {}, {}, {}}), 4);
    CHECK(ledger.lease_chain(1) == chain(0));
    CHECK(ledger.training_failed(1));
    CHECK_FALSE(ledger.lease_chain(1));
    CHECK(ledger.lease_chain(2) == chain(0));
    CHECK_FALSE(ledger.training_failed(2));
    Ledger alone(plan_of({{}}), 1);
    CHECK(alone.lease_chain(0) == chain(0));
    CHECK_FALSE(alone.training_failed(0));
}

TEST_CASE("a rank whose training failed tries again if the others have left", "[trainings]")
{
    Ledger ledger(plan_of({{}}), 2);
    CHECK(ledger.lease_chain(0) == chain(0));
    CHECK(ledger.training_failed(0));
    CHECK_FALSE(ledger.lease_chain(0));
    ledger.rank_lost(1);
    CHECK(ledger.lease_chain(0) == chain(0));
    CHECK_FALSE(ledger.training_failed(0));

    Ledger deserted(plan_of({{}}), 2);
    deserted.rank_lost(1);
    CHECK(deserted.lease_chain(0) == chain(0));
    CHECK_FALSE(deserted.training_failed(0));
}

TEST_CASE("the chains that are left are those that are needed and not made", "[trainings]")
{
    WorkPlan plan = plan_of({{}, {}, {}});
    plan.chains.push_back({.wanted = true});
    plan.chains.push_back({});
    Ledger ledger(plan, 1);
    CHECK(ledger.chains_left() == std::vector{chain(0), chain(1), chain(2), chain(3)});
    ledger.lease_chain(0);
    ledger.chain_published(chain(1));
    ledger.chain_failed(chain(2));
    CHECK(ledger.chains_left() == std::vector{chain(0), chain(3)});
}
