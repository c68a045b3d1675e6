#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "app/job/options.hpp"
#include "app/wall_time.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;

namespace
{

/// Wall time of four chains with some trials each, at the assumed speed.
struct FourChains
{
    test::ScratchFolder folder;
    Job job;
    Plan plan;

    explicit FourChains(std::string const& more, int latent_dim = 5)
        : job(parse_job(fmt::format("[train]\nmodels = dcgan\nseeds = 1,2,3,4\nlatent_dims = {}\n"
                                    "intervals = 10\nsteps_per_snapshot = 10\n{}",
                                    latent_dim, more),
                        "test"))
    {
        job.output = folder.path;
        job.chains = folder.path / "chains";
        plan = make_plan(job, {"checksum", {1, 28, 28}});
    }

    PlanState state() const { return {job, plan, MachineSpeed()}; }
    WallTime on(int ranks) const { return wall_time(state(), ranks); }
    double training() const { return state().training_seconds(sched::ChainIndex{}); }
};

char const* const few_trials =
    "threads = 1\n[trials]\nmethods = adam,surfing\ncount = 40\nblock_size = 10\n";

}  // namespace

TEST_CASE("one rank takes the core time of everything", "[wall_time]")
{
    FourChains const chains(few_trials);
    PlanState const state = chains.state();
    WallTime const time = chains.on(1);
    CHECK(time.seconds ==
          Approx(state.training().core_seconds.left + state.trials().core_seconds.left));
    CHECK(time.training_seconds == Approx(4 * chains.training()));
    CHECK(time.busy == Approx(1));
}

TEST_CASE("ranks share trainings and blocks, but not one of them", "[wall_time]")
{
    FourChains const chains(few_trials);
    double const alone = chains.on(1).seconds;
    WallTime const four = chains.on(4);
    CHECK(four.training_seconds == Approx(chains.training()));
    CHECK(four.seconds == Approx(alone / 4).epsilon(0.1));
    WallTime const many = chains.on(100);
    CHECK(many.training_seconds == Approx(chains.training()));
    CHECK(many.seconds > chains.training());
    CHECK(many.busy < 0.5);
}

TEST_CASE("a limit on trainers makes the chains wait", "[wall_time]")
{
    FourChains const many(few_trials);
    FourChains one(few_trials);
    one.job.trainers = 1;
    CHECK(one.on(4).training_seconds == Approx(4 * one.training()));
    CHECK(one.on(4).seconds > many.on(4).seconds);
}

TEST_CASE("more threads than cores slow everybody down", "[wall_time]")
{
    FourChains const chains("threads = 2\n[trials]\nmethods = adam\ncount = 2\nblock_size = 1\n");
    // One core gives two threads half of what they would use.
    CHECK(chains.on(1).training_seconds == Approx(2 * 4 * chains.training()));
    CHECK(chains.on(2).training_seconds < 1.2 * 4 * chains.training());
    CHECK(chains.on(2).training_seconds >= 4 * chains.training());
}

TEST_CASE("surfaces are computed by one rank once their chain is there", "[wall_time]")
{
    FourChains const chains("threads = 1\n[trials]\ntasks = none\n[surface]\ntargets = 2\n", 2);
    double const surfaces = chains.state().surfaces().core_seconds.left;
    REQUIRE(surfaces > 0);
    CHECK(chains.on(4).seconds == Approx(chains.training() + surfaces));
}
