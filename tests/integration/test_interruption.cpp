#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>

#include "integration/sweep.hpp"

using namespace surf::test;

namespace
{

/// Where a run is when it is interrupted.
enum class Stage
{
    training,
    trials,
};

void wait_for(Stage stage, RunningProgram& program, Sweep const& sweep)
{
    program.wait_until([&] {
        return stage == Stage::training ? trained_to(sweep, 1) > 0 : !sweep.segments().empty();
    });
}

/// After an interruption: nothing runs on, and the run was indeed in the middle of that stage.
void require_interrupted(Stage stage, Sweep const& sweep)
{
    wait_for_their_end(sweep.output());
    REQUIRE(sweep.chains().empty() == (stage == Stage::training));
    REQUIRE(sweep.segments().empty() == (stage == Stage::training));
    REQUIRE(sweep.segments().size() < small_job_blocks);
    REQUIRE_FALSE(fs::exists(sweep.results()));
}

/// The same command goes on where the run was and ends as one that was not interrupted.
/// Gives what that run said.
std::string check_resumption(Stage stage, Sweep const& sweep, Command const& command)
{
    auto const chains = stamps(sweep.chains());
    auto const segments = stamps(sweep.segments());
    Ended const ended = run(command);
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    if (stage == Stage::training)
    {
        std::regex const resumed("training of dcgan k=5 resumes at step [0-8] of 9\n");
        CHECK(std::regex_search(ended.errors, resumed));
    }
    else
    {
        std::regex const resumed("[1-7] of 8 blocks are stored already\n");
        CHECK(std::regex_search(ended.errors, resumed));
        CHECK(stamps(sweep.chains()) == chains);
        auto kept = stamps(sweep.segments());
        std::erase_if(kept, [&](auto const& entry) { return !segments.contains(entry.first); });
        CHECK(kept == segments);
    }
    CHECK(sweep.segments().size() == small_job_blocks);
    CHECK(files_in(sweep.output() / "chains", "").size() == 1);  // no .partial, .tmp-*, .bad
    CHECK(files_in(sweep.output() / "segments", "").size() == small_job_blocks);
    CHECK(files_in(sweep.output() / "unfinished", "").empty());
    check_same_chains(finished(small_job), sweep);
    check_same_results(finished(small_job), sweep);
    return ended.errors;
}

/// What an orderly stop says.
void check_farewell(std::string const& errors, std::string const& signal)
{
    CHECK_THAT(errors, Catch::Contains(signal + " received: stopping; the same command resumes\n"));
    std::regex const last(
        "(^|\n)surf_sweep: error: interrupted with [0-7] of 8 blocks stored; the same command "
        "resumes\n");
    CHECK(std::regex_search(errors, last));
}

}  // namespace

TEST_CASE("killed with all its ranks while it trains, a run resumes", "[interruption]")
{
    Sweep const sweep(small_job);
    Command const command = on_ranks(2, sweep.command("run"));
    RunningProgram program(command);
    wait_for(Stage::training, program, sweep);
    auto const ranks = processes_working_on(sweep.output());
    CHECK(ranks.size() == 2);
    for (pid_t const rank : ranks)
    {
        ::kill(rank, SIGKILL);
    }
    program.send(SIGKILL);
    CHECK(program.wait().code == 128 + SIGKILL);
    require_interrupted(Stage::training, sweep);
    check_resumption(Stage::training, sweep, command);
}

TEST_CASE("ranks whose mpirun is killed end, and the run resumes", "[interruption]")
{
    Sweep const sweep(small_job);
    Command const command = on_ranks(2, sweep.command("run"));
    RunningProgram program(command);
    // Ranks live on for a second or so: early enough that trials are left then.
    wait_for(Stage::training, program, sweep);
    ::kill(-program.id(), SIGKILL);
    CHECK(program.wait().code == 128 + SIGKILL);
    wait_for_their_end(sweep.output());
    REQUIRE_FALSE(fs::exists(sweep.results()));
    Ended const ended = run(command);
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    check_same_chains(finished(small_job), sweep);
    check_same_results(finished(small_job), sweep);
}

TEST_CASE("killed while it computes trials, a run resumes", "[interruption]")
{
    Sweep const sweep(small_job);
    Command const command = on_ranks(2, sweep.command("run"));
    RunningProgram program(command);
    wait_for(Stage::trials, program, sweep);
    for (pid_t const rank : processes_working_on(sweep.output()))
    {
        ::kill(rank, SIGKILL);
    }
    ::kill(-program.id(), SIGKILL);
    CHECK(program.wait().code == 128 + SIGKILL);
    require_interrupted(Stage::trials, sweep);
    check_resumption(Stage::trials, sweep, command);
}

TEST_CASE("one rank killed ends all, and the run resumes", "[interruption]")
{
    Sweep const sweep(small_job);
    Command const command = on_ranks(2, sweep.command("run"));
    RunningProgram program(command);
    wait_for(Stage::trials, program, sweep);
    auto const ranks = processes_working_on(sweep.output());
    REQUIRE(ranks.size() == 2);
    ::kill(ranks[1], SIGKILL);
    Ended const ended = program.wait();
    INFO(ended.text());
    CHECK(ended.code != 0);
    require_interrupted(Stage::trials, sweep);
    check_resumption(Stage::trials, sweep, command);
}

TEST_CASE("SIGTERM stops a training process, which says how to resume", "[interruption]")
{
    Sweep const sweep(small_job);
    RunningProgram program(sweep.command("run"));
    wait_for(Stage::training, program, sweep);
    program.send(SIGTERM);
    Ended const ended = program.wait();
    INFO(ended.text());
    CHECK(ended.code == 75);
    CHECK(ended.output.empty());
    check_farewell(ended.errors, "SIGTERM");
    require_interrupted(Stage::training, sweep);

    auto const chain = sweep.status()["chains"][0];
    CHECK(chain["state"] == "training");
    CHECK(chain["snapshots_done"] >= 2);
    CHECK(chain["snapshots_done"] < 4);
    for (fs::path const& partial : files_in(sweep.output() / "chains", ".partial"))
    {
        for (fs::path const& file : files_in(partial, ".h5"))
        {
            Ended const checked = run(surf_sweep({"validate", file.string()}));
            INFO(checked.text());
            CHECK(checked.code == 0);
        }
    }
    std::string const said = check_resumption(Stage::training, sweep, sweep.command("run"));
    CHECK(std::regex_search(said, std::regex("resumes at step [3-8] of 9\n")));
}

TEST_CASE("SIGUSR2 to mpirun stops all ranks in the trials", "[interruption]")
{
    Sweep const sweep(small_job);
    Command const command = on_ranks(2, sweep.command("run"));
    RunningProgram program(command);
    wait_for(Stage::trials, program, sweep);
    program.send(SIGUSR2);
    Ended const ended = program.wait();
    INFO(ended.text());
    CHECK(ended.code == 75);
    check_farewell(ended.errors, "SIGUSR2");
    require_interrupted(Stage::trials, sweep);
    for (fs::path const& state : files_in(sweep.output() / "unfinished", ""))
    {
        Ended const checked = run(surf_sweep({"validate", state.string()}));
        INFO(checked.text());
        CHECK(checked.code == 0);
    }
    check_resumption(Stage::trials, sweep, command);
}

TEST_CASE("SIGTERM to every rank, as Slurm sends it, stops the run", "[interruption]")
{
    Sweep const sweep(small_job);
    Command const command = on_ranks(2, sweep.command("run"));
    RunningProgram program(command);
    wait_for(Stage::training, program, sweep);
    for (pid_t const rank : processes_working_on(sweep.output()))
    {
        ::kill(rank, SIGTERM);
    }
    Ended const ended = program.wait();
    INFO(ended.text());
    CHECK(ended.code == 75);
    check_farewell(ended.errors, "SIGTERM");
    require_interrupted(Stage::training, sweep);
    check_resumption(Stage::training, sweep, on_ranks(5, sweep.command("run")));
}
