#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "sched/plans.hpp"

using namespace surf::sched;
using namespace surf::sched::test;

namespace
{

constexpr int max_attempts = 3;

struct Shape
{
    int ranks = 1;
    double failure_share = 0;  ///< of attempts
    double loss_share = 0;     ///< of steps in which a rank is lost
    double damage_share = 0;   ///< of attempts that find their chain damaged, twice a chain at most
};

/// What ended how, as the ranks saw it.
struct Tally
{
    std::vector<int> done;  ///< by block
    std::vector<int> failures;
    std::vector<BlockIndex> failed;
    Progress progress;
};

/// Whether an attempt fails: a hash of block and attempt, so that it is the same in every order.
bool attempt_fails(BlockIndex index, int attempt, double share)
{
    std::uint64_t hash = (static_cast<std::uint64_t>(index) * max_attempts +
                          static_cast<std::uint64_t>(attempt) + 1) *
                         0x9e3779b97f4a7c15U;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
    return static_cast<double>((hash ^ (hash >> 31)) >> 11) * 0x1.0p-53 < share;
}

/// Ranks that lease, finish, fail and get lost at random, checking each lease on their own books.
class Simulation
{
  public:
    Simulation(WorkPlan plan, Shape shape, std::uint64_t seed)
        : plan_(std::move(plan)),
          shape_(shape),
          engine_(seed),
          ledger_(plan_, shape.ranks, max_attempts),
          published_(plan_.chains.size()),
          times_damaged_(plan_.chains.size()),
          times_at_lease_(plan_.blocks.size()),
          granted_(plan_.cells.size()),
          holder_(plan_.blocks.size(), nobody),
          held_(static_cast<std::size_t>(shape.ranks)),
          tally_{.done = std::vector<int>(plan_.blocks.size()),
                 .failures = std::vector<int>(plan_.blocks.size()),
                 .failed = {},
                 .progress = {}}
    {}

    Tally run()
    {
        std::uniform_int_distribution<Rank> any_rank(0, shape_.ranks - 1);
        for (std::int64_t step = 0; !ledger_.finished(); ++step)
        {
            if (step % 1000 == 0)
            {
                advance_stages();
            }
            act(any_rank(engine_));
        }
        tally_.failed = ledger_.failed_blocks();
        tally_.progress = ledger_.progress();
        return tally_;
    }

  private:
    static constexpr Rank nobody = -1;

    bool chance(double share) { return std::bernoulli_distribution(share)(engine_); }

    void advance_stages()
    {
        for (CellIndex const index : ledger_.cells_to_grant())
        {
            ledger_.budget_granted(index, budget_of(index));
            granted_[static_cast<std::size_t>(index)] = true;
        }
        if (auto const next = ledger_.lease_chain(0))
        {
            ledger_.chain_published(*next);
            published_[static_cast<std::size_t>(*next)] = true;
        }
    }

    void act(Rank rank)
    {
        auto& held = held_[static_cast<std::size_t>(rank)];
        if (chance(shape_.loss_share))
        {
            ledger_.rank_lost(rank);
            for (LeasedBlock const& lost : held)
            {
                holder_[static_cast<std::size_t>(lost.block)] = nobody;
            }
            held.clear();
        }
        else if (held.empty())
        {
            held = ledger_.lease(rank, std::nullopt, 8);
            for (LeasedBlock const& leased : held)
            {
                check_lease(leased, rank);
            }
        }
        else
        {
            BlockIndex const index = held.back().block;
            auto const position = static_cast<std::size_t>(index);
            held.pop_back();
            holder_[position] = nobody;
            if (chance(shape_.damage_share) && may_be_damaged(index))
            {
                ledger_.chain_damaged(index, rank);
            }
            else if (attempt_fails(index, tally_.failures[position], shape_.failure_share))
            {
                ++tally_.failures[position];
                ledger_.block_failed(index, rank);
            }
            else
            {
                ++tally_.done[position];
                ledger_.block_done(index);
            }
        }
    }

    /// Whether the ledger may be told of damage that a block found; keeps the books if so.
    bool may_be_damaged(BlockIndex index)
    {
        auto const position = static_cast<std::size_t>(index);
        auto const cell = static_cast<std::size_t>(plan_.blocks[position].cell);
        auto const chain = static_cast<std::size_t>(plan_.cells[cell].chain);
        bool const is_news =
            published_[chain] && times_at_lease_[position] == times_damaged_[chain];
        if (is_news && times_damaged_[chain] == 2)
        {
            return false;
        }
        if (is_news)
        {
            ++times_damaged_[chain];
            published_[chain] = false;
        }
        return true;
    }

    static surf::Budget budget_of(CellIndex index) { return {100 + static_cast<int>(index), 1}; }

    // Plain ifs, because a million Catch assertions take longer than the simulation.
    void check_lease(LeasedBlock const& leased, Rank rank)
    {
        auto const position = static_cast<std::size_t>(leased.block);
        CellIndex const cell = plan_.blocks[position].cell;
        CellWork const& work = plan_.cells[static_cast<std::size_t>(cell)];
        if (!published_[static_cast<std::size_t>(work.chain)])
        {
            FAIL("block " << position << " was leased before its chain was published");
        }
        bool const waits = !work.budget_from.empty();
        if (waits && !granted_[static_cast<std::size_t>(cell)])
        {
            FAIL("block " << position << " was leased before its budget was known");
        }
        if (leased.budget != (waits ? budget_of(cell) : surf::Budget{}))
        {
            FAIL("block " << position << " was given the wrong budget");
        }
        if (holder_[position] != nobody || tally_.done[position] > 0 ||
            tally_.failures[position] >= max_attempts)
        {
            FAIL("block " << position << " was leased again");
        }
        holder_[position] = rank;
        times_at_lease_[position] = times_damaged_[static_cast<std::size_t>(work.chain)];
    }

    WorkPlan plan_;
    Shape shape_;
    std::mt19937_64 engine_;
    Ledger ledger_;
    std::vector<char> published_;
    std::vector<int> times_damaged_;   ///< by chain
    std::vector<int> times_at_lease_;  ///< by block, of its chain
    std::vector<char> granted_;
    std::vector<Rank> holder_;
    std::vector<std::vector<LeasedBlock>> held_;
    Tally tally_;
};

/// Every block ended exactly one way, and the ledger's counts say the same.
void check_balance(Tally const& tally)
{
    std::int64_t done = 0;
    std::int64_t failed = 0;
    std::int64_t never = 0;
    for (std::size_t block = 0; block < tally.done.size(); ++block)
    {
        bool const has_failed = tally.failures[block] == max_attempts;
        if (tally.done[block] > 1 || (tally.done[block] == 1 && has_failed))
        {
            FAIL("block " << block << " ended twice");
        }
        done += tally.done[block];
        failed += has_failed ? 1 : 0;
        never += tally.done[block] == 0 && !has_failed ? 1 : 0;
    }
    CHECK(tally.progress.blocks_done == done);
    CHECK(tally.progress.blocks_failed == failed);
    CHECK(tally.progress.blocks_abandoned == never);
    CHECK(tally.progress.blocks_leased == 0);
    CHECK(static_cast<std::int64_t>(tally.failed.size()) == failed);
}

}  // namespace

TEST_CASE("a million blocks with failures and lost ranks all end once", "[simulation]")
{
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    WorkPlan const plan = paired_plan(50, 10, 1000);
    REQUIRE(plan.blocks.size() == 1'000'000);
    Tally const tally =
        Simulation(plan, {.ranks = 64, .failure_share = 0.02, .loss_share = 1e-4}, seed).run();
    check_balance(tally);
    CHECK(tally.progress.blocks_abandoned == 0);
    // Binomial with p = 0.02³: 8 expected of a million, 5 sigmas are 14.1.
    CHECK(tally.progress.blocks_failed <= 22);
}

TEST_CASE("the outcome does not depend on the order of events or the number of ranks",
          "[simulation]")
{
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    WorkPlan const plan = paired_plan(5, 40, 3);
    Tally const first = Simulation(plan, {.ranks = 1, .failure_share = 0.7}, seed).run();
    check_balance(first);
    REQUIRE(first.progress.blocks_failed > 0);
    REQUIRE(first.progress.blocks_abandoned > 0);
    for (int const ranks : {1, 2, 3, 5, 64})
    {
        Tally const other =
            Simulation(plan, {.ranks = ranks, .failure_share = 0.7, .loss_share = 0.01},
                       seed + static_cast<std::uint64_t>(ranks))
                .run();
        CHECK(other.done == first.done);
        CHECK(other.failures == first.failures);
        CHECK(other.failed == first.failed);
    }
}

TEST_CASE("chains that are damaged while their blocks run lose no block and no attempt",
          "[simulation]")
{
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    WorkPlan const plan = paired_plan(20, 10, 20);
    Tally const tally =
        Simulation(plan,
                   {.ranks = 16, .failure_share = 0.02, .loss_share = 1e-3, .damage_share = 0.05},
                   seed)
            .run();
    check_balance(tally);
    CHECK(tally.progress.blocks_abandoned == 0);
}
