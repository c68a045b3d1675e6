#include <algorithm>
#include <catch2/catch.hpp>

#include "sched/plans.hpp"

using namespace surf::sched;
using namespace surf::sched::test;

namespace
{

using Blocks = std::vector<LeasedBlock>;

/// One published chain, one cell, one block for each cost.
WorkPlan flat_plan(std::vector<double> const& costs)
{
    WorkPlan plan{.chains = {{.published = true}}, .cells = {{chain(0), {}}}, .blocks = {}};
    for (double const cost : costs)
    {
        plan.blocks.push_back({cell(0), cost});
    }
    return plan;
}

/// Leases and reports blocks on rank 0 until nothing is ready. Returns how many were done.
int drain(Ledger& ledger)
{
    int done = 0;
    for (auto leased = ledger.lease(0, {}, 1); !leased.empty(); leased = ledger.lease(0, {}, 1))
    {
        ledger.block_done(leased[0].block);
        ++done;
    }
    return done;
}

}  // namespace

TEST_CASE("a block goes through its stages: chain, budget, lease, done", "[ledger]")
{
    Ledger ledger(paired_plan(1, 1, 1), 1);
    CHECK(ledger.lease(0, {}, 10).empty());
    CHECK(ledger.lease_chain(0) == chain(0));

    ledger.chain_published(chain(0));
    CHECK_FALSE(ledger.lease_chain(0));
    CHECK(ledger.lease(0, {}, 10) == Blocks{{block(0)}});
    CHECK(ledger.lease(0, {}, 10).empty());  // the other one waits for its budget
    CHECK(ledger.cells_to_grant().empty());

    ledger.block_done(block(0));
    CHECK(ledger.cells_to_grant() == std::vector{cell(1)});
    CHECK(ledger.lease(0, {}, 10).empty());

    ledger.budget_granted(cell(1), {471, 9});
    CHECK(ledger.cells_to_grant().empty());
    CHECK(ledger.lease(0, {}, 10) == Blocks{{block(1), {471, 9}}});
    CHECK_FALSE(ledger.finished());
    ledger.block_done(block(1));
    CHECK(ledger.finished());
    ledger.block_done(block(0));  // late
    CHECK(ledger.take_stored() == std::vector{block(0), block(1)});
    CHECK(ledger.take_stored().empty());
}

TEST_CASE("the longest blocks go first, ties in the plan's order", "[ledger]")
{
    Ledger ledger(flat_plan({1, 5, 3, 5, 2, 4, 1, 1}), 1);
    CHECK(ledger.lease(0, {}, 4) == Blocks{{block(1)}, {block(3)}, {block(5)}, {block(2)}});
}

TEST_CASE("leases shrink with what is left, and never below one block", "[ledger]")
{
    Ledger ledger(flat_plan(std::vector<double>(100, 1.0)), 5);
    CHECK(ledger.lease(0, {}, 3).size() == 3);    // at most what was asked for
    CHECK(ledger.lease(0, {}, 100).size() == 9);  // 97 / (2 · 5)
    CHECK(ledger.lease(0, {}, 100).size() == 8);  // 88 / (2 · 5)
    while (ledger.progress().blocks_leased < 95)
    {
        ledger.lease(1, {}, 100);
    }
    CHECK(ledger.lease(1, {}, 100).size() == 1);
}

TEST_CASE("a lease stays with the chain that the rank holds", "[ledger]")
{
    WorkPlan plan{.chains = {{true}, {true}, {true}},
                  .cells = {{chain(0), {}}, {chain(1), {}}, {chain(2), {}}},
                  .blocks = {{cell(0), 1}, {cell(1), 5}, {cell(2), 3}, {cell(2), 4}}};
    Ledger ledger(plan, 1);
    CHECK(ledger.lease(0, chain(0), 1) == Blocks{{block(0)}});
    // Nothing left there: on to the chain with the most work, not the one with the longest block.
    CHECK(ledger.lease(0, chain(0), 1) == Blocks{{block(3)}});
    CHECK(ledger.lease(0, {}, 1) == Blocks{{block(1)}});
}

TEST_CASE("a failed block goes to another rank", "[ledger]")
{
    Ledger ledger(flat_plan({2, 1}), 3);
    REQUIRE(ledger.lease(0, {}, 1) == Blocks{{block(0)}});
    ledger.block_failed(block(0), 0);
    CHECK(ledger.lease(0, {}, 1) == Blocks{{block(1)}});
    CHECK(ledger.lease(0, {}, 1).empty());
    REQUIRE(ledger.lease(1, {}, 1) == Blocks{{block(0)}});
    ledger.block_failed(block(0), 1);
    CHECK(ledger.lease(0, {}, 1).empty());
    CHECK(ledger.lease(1, {}, 1).empty());

    SECTION("which may do better")
    {
        REQUIRE(ledger.lease(2, {}, 1) == Blocks{{block(0)}});
        ledger.block_done(block(0));
        CHECK(ledger.failed_blocks().empty());
    }
    SECTION("unless none is left")
    {
        ledger.rank_lost(2);
        CHECK(ledger.lease(0, {}, 1) == Blocks{{block(0)}});
    }
    SECTION("and fails after the last attempt")
    {
        REQUIRE(ledger.lease(2, {}, 1) == Blocks{{block(0)}});
        ledger.block_failed(block(0), 2);
        CHECK(ledger.failed_blocks() == std::vector{block(0)});
        CHECK(ledger.lease(1, {}, 1).empty());
    }
}

TEST_CASE("alone, a rank tries again itself", "[ledger]")
{
    Ledger ledger(flat_plan({1}), 1, 2);
    for (int attempt = 0; attempt < 2; ++attempt)
    {
        CHECK_FALSE(ledger.finished());
        REQUIRE(ledger.lease(0, {}, 1).size() == 1);
        ledger.block_failed(block(0), 0);
    }
    ledger.block_done(block(0));  // too late: it was given up
    CHECK(ledger.failed_blocks() == std::vector{block(0)});
    CHECK(ledger.finished());
}

TEST_CASE("a lost rank's leases are ready again, at no attempt's cost", "[ledger]")
{
    Ledger ledger(flat_plan({3, 2, 1}), 2, 1);
    for (int lease = 0; lease < 3; ++lease)
    {
        REQUIRE(ledger.lease(1, {}, 1).size() == 1);
    }
    ledger.rank_lost(1);
    CHECK(ledger.progress().blocks_leased == 0);
    CHECK(ledger.lease(0, {}, 1) == Blocks{{block(0)}});

    // What the lost rank still has to say: a stored block counts, a failure does not.
    ledger.block_failed(block(0), 1);
    CHECK(ledger.failed_blocks().empty());
    ledger.block_done(block(1));
    CHECK(ledger.lease(0, {}, 1) == Blocks{{block(2)}});
    ledger.block_done(block(0));
    ledger.block_done(block(0));
    ledger.block_done(block(2));
    CHECK(ledger.finished());
    CHECK(ledger.progress().blocks_done == 3);
    CHECK(ledger.progress().cost_done == 3 + 2 + 1);
}

TEST_CASE("a failed chain takes its blocks along", "[ledger]")
{
    Ledger ledger(paired_plan(2, 1, 2), 1);
    ledger.chain_failed(chain(0));
    CHECK(ledger.lease_chain(0) == chain(1));
    CHECK(ledger.progress().blocks_abandoned == 4);
    ledger.chain_published(chain(1));
    CHECK(drain(ledger) == 2);
    ledger.budget_granted(cell(3), {10, 0});
    CHECK(drain(ledger) == 2);
    CHECK(ledger.finished());
    CHECK(ledger.progress().chains_published == 1);
}

TEST_CASE("a chain that fails late leaves leased blocks to end, but not to be tried again",
          "[ledger]")
{
    Ledger ledger(paired_plan(1, 1, 2), 1);
    ledger.chain_published(chain(0));
    REQUIRE(ledger.lease(0, {}, 1) == Blocks{{block(1)}});
    REQUIRE(ledger.lease(0, {}, 1) == Blocks{{block(0)}});
    ledger.chain_failed(chain(0));
    CHECK_FALSE(ledger.finished());
    ledger.block_done(block(0));
    ledger.block_failed(block(1), 0);
    CHECK(ledger.finished());
    CHECK(ledger.progress().blocks_done == 1);
    CHECK(ledger.progress().blocks_abandoned == 3);
}

TEST_CASE("a budget needs one block that is done", "[ledger]")
{
    Ledger ledger(paired_plan(1, 1, 2), 1, 1);
    ledger.chain_published(chain(0));
    ledger.lease(0, {}, 1);
    ledger.lease(0, {}, 1);
    ledger.block_failed(block(0), 0);
    CHECK(ledger.cells_to_grant().empty());

    SECTION("one is enough")
    {
        ledger.block_done(block(1));
        CHECK(ledger.cells_to_grant() == std::vector{cell(1)});
    }
    SECTION("without one the cell that waits for it is abandoned")
    {
        ledger.block_failed(block(1), 0);
        CHECK(ledger.cells_to_grant().empty());
        CHECK(ledger.finished());
        CHECK(ledger.progress().blocks_failed == 2);
        CHECK(ledger.progress().blocks_abandoned == 2);
    }
}

TEST_CASE("a budget that follows from two cells waits for both", "[ledger]")
{
    // Cell 1 follows from cell 0, cell 2 from both.
    WorkPlan plan;
    plan.chains.push_back({.published = true});
    plan.cells = {{.chain = chain(0), .budget = {0, 7}},
                  {.chain = chain(0), .budget_from = {cell(0)}},
                  {.chain = chain(0), .budget_from = {cell(0), cell(1)}}};
    plan.blocks = {{cell(0)}, {cell(1)}, {cell(2)}};
    Ledger ledger(plan, 1, 1);
    CHECK(ledger.lease(0, {}, 10) == Blocks{{block(0), {0, 7}}});  // its own budget
    ledger.block_done(block(0));
    CHECK(ledger.cells_to_grant() == std::vector{cell(1)});
    ledger.budget_granted(cell(1), {5, 0});
    REQUIRE(ledger.lease(0, {}, 10) == Blocks{{block(1), {5, 0}}});

    SECTION("both are done")
    {
        ledger.block_done(block(1));
        CHECK(ledger.cells_to_grant() == std::vector{cell(2)});
        ledger.budget_granted(cell(2), {5, 11});
        CHECK(ledger.lease(0, {}, 10) == Blocks{{block(2), {5, 11}}});
    }
    SECTION("one of them comes to nothing")
    {
        ledger.block_failed(block(1), 0);
        CHECK(ledger.cells_to_grant().empty());
        CHECK(ledger.finished());
        CHECK(ledger.progress().blocks_abandoned == 1);
    }
}

TEST_CASE("blocks stored by an earlier run are not run again", "[ledger]")
{
    WorkPlan plan = paired_plan(1, 2, 2);
    plan.chains[0].published = true;
    Ledger ledger(plan, 1);
    for (int index : {0, 1, 2, 3, 4})  // the first pair, and half of the second pair's first cell
    {
        ledger.block_done(block(index));
    }
    CHECK(ledger.cells_to_grant().empty());  // nobody waits for a budget any more
    CHECK(drain(ledger) == 1);
    CHECK(ledger.cells_to_grant() == std::vector{cell(3)});
    ledger.budget_granted(cell(3), {1, 0});
    CHECK(drain(ledger) == 2);
    CHECK(ledger.finished());
}

TEST_CASE("progress adds up", "[ledger]")
{
    Ledger ledger(paired_plan(2, 1, 3), 2, 1);
    ledger.chain_published(chain(0));
    ledger.lease(0, {}, 1);
    ledger.lease(1, {}, 1);
    ledger.block_failed(block(2), 0);
    ledger.block_done(block(1));
    Progress const progress = ledger.progress();
    CHECK(progress.chains == 2);
    CHECK(progress.chains_published == 1);
    CHECK(progress.blocks == 12);
    CHECK(progress.blocks_done == 1);
    CHECK(progress.blocks_failed == 1);
    CHECK(progress.blocks_leased == 0);
    CHECK(progress.cost == 4 * (1 + 2 + 3));
    CHECK(progress.cost_done == 2);
}

TEST_CASE("nothing to do is done", "[ledger]")
{
    CHECK(Ledger(WorkPlan{}, 1).finished());
}
