#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hdf5/file.hpp"
#include "integration/sweep.hpp"

using namespace surf;
using namespace surf::test;

namespace
{

int blocks_done(nlohmann::json const& status)
{
    int done = 0;
    for (nlohmann::json const& cell : status["cells"])
    {
        CHECK(cell["blocks"] == 4);
        done += cell["blocks_done"].get<int>();
    }
    return done;
}

}  // namespace

TEST_CASE("status counts before, during and after a run", "[status]")
{
    Sweep const sweep(small_job);
    nlohmann::json const before = sweep.status();
    CHECK(before["output"] == sweep.output().string());
    REQUIRE(before["chains"].size() == 1);
    CHECK(before["chains"][0]["model"] == "dcgan");
    CHECK(before["chains"][0]["state"] == "absent");
    CHECK(before["chains"][0]["snapshots_done"] == 0);
    CHECK(before["chains"][0]["snapshots"] == 4);
    REQUIRE(before["cells"].size() == 2);
    CHECK(before["cells"][0]["method"] == "adam");
    CHECK(before["cells"][1]["method"] == "surfing");
    CHECK(blocks_done(before) == 0);
    CHECK(before["results"].is_null());
    CHECK(before["run"]["running"] == false);
    CHECK(before["run"]["started"].is_null());
    CHECK(before["run"]["blocks"] == small_job_blocks);
    CHECK_FALSE(fs::exists(sweep.output()));  // asking leaves no trace

    RunningProgram program(on_ranks(2, sweep.command("run")));
    program.wait_until([&] { return trained_to(sweep, 1) > 0; });
    nlohmann::json const training = sweep.status();
    CHECK(training["chains"][0]["state"] == "training");
    CHECK(training["chains"][0]["snapshots_done"] >= 2);
    CHECK(training["chains"][0]["snapshots_done"] <= 4);
    CHECK(blocks_done(training) == 0);
    CHECK(training["results"].is_null());
    CHECK(training["run"]["running"] == true);
    CHECK(training["run"]["ranks"] == 2);
    CHECK(training["run"]["started"].is_string());

    program.wait_until([&] { return !sweep.segments().empty(); });
    nlohmann::json const trials = sweep.status();
    CHECK(trials["chains"][0]["state"] == "published");
    CHECK(trials["chains"][0]["snapshots_done"] == 4);
    CHECK(blocks_done(trials) >= 1);
    CHECK(trials["results"].is_null());

    // Says how far it is, again and again, until the run has ended.
    Ended const watched = run(sweep.command("status", {"--watch"}));
    CHECK(watched.code == 0);
    CHECK_THAT(watched.output, Catch::Contains("nothing runs since "));
    Ended const ended = program.wait();
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    nlohmann::json const after = sweep.status();
    CHECK(after["job_id"] == before["job_id"]);
    CHECK(after["chains"][0]["state"] == "published");
    CHECK(blocks_done(after) == small_job_blocks);
    CHECK(after["run"]["running"] == false);
    CHECK(after["run"]["blocks_done"] == small_job_blocks);
    CHECK(after["set_aside"].empty());
    CHECK(after["results"] == sweep.results().string());
    check_same_results(finished(small_job), sweep);

    // With the output folder alone: it holds the job.
    Ended const table = run(surf_sweep({"status", "--output", sweep.output().string()}));
    INFO(table.text());
    CHECK(table.code == 0);
    CHECK_THAT(table.output, Catch::Contains("4/4"));
    CHECK_THAT(table.output, Catch::Contains("results: " + sweep.results().string() + "\n"));
    CHECK(table.errors.empty());
}

TEST_CASE("reduce gives what the run gave", "[status]")
{
    Sweep const sweep(finished(small_job));
    fs::remove(sweep.results());
    Ended const ended = run(surf_sweep({"reduce", "--output", sweep.output().string()}));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK_THAT(ended.output,
               Catch::Contains("\n8 of 8 blocks reduced to " + sweep.results().string() + "\n"));
    check_same_results(finished(small_job), sweep);
}

TEST_CASE("show computes a stored trial again, bit for bit", "[status]")
{
    Sweep const sweep(finished(small_job));
    Ended const cells = run(sweep.command("show"));
    CHECK(cells.code == 0);
    CHECK_THAT(cells.output,
               Catch::Contains(" dcgan k=5 inversion identity surfing, trials 0 to 7\n"));
    Ended const unknown = run(sweep.command("show", {"--cell", "x"}));
    CHECK(unknown.code == 2);
    CHECK_THAT(unknown.errors, Catch::Contains("cell = x: no cell's id begins so"));
    auto const id = sweep.status()["cells"][1]["id"].get<std::string>();
    Command const ask = {"--cell", id, "--trial", "3"};
    Ended const shown = run(sweep.command("show", ask));
    INFO(shown.text());
    REQUIRE(shown.code == 0);
    fs::path const file = sweep.output() / fmt::format("trial-{}-3.h5", id.substr(0, 8));
    CHECK_THAT(shown.output, Catch::Contains("dcgan k=5 inversion identity surfing, trial 3\n"));
    CHECK_THAT(shown.output, Catch::Contains("show: " + file.string() + "\n"));
    CHECK(run(surf_sweep({"validate", file.string()})).code == 0);

    h5::FileReader const trial(file);
    h5::FileReader const results(sweep.results());
    auto const cell = results.root().group("trials").dataset("cell").read<std::int64_t>();
    auto const number = results.root().group("trials").dataset("trial").read<std::int64_t>();
    auto const steps = results.root().group("trials").dataset("iterations").read<std::int64_t>();
    auto const objective = results.root().group("trials").dataset("objective").read<double>();
    for (std::size_t row = 0; row < cell.size(); ++row)
    {
        if (cell[row] == 1 && number[row] == 3)
        {
            CHECK(trial.root().attribute<std::int64_t>("iterations") == steps[row]);
            CHECK(trial.root().attribute<double>("objective") == objective[row]);
        }
    }

    auto const before = stamps({file});
    CHECK_THAT(run(sweep.command("show", ask)).output, Catch::Contains("(there already)"));
    CHECK(stamps({file}) == before);
    auto const adam = sweep.status()["cells"][0]["id"].get<std::string>();
    CHECK(run(sweep.command("show", {"--cell", adam, "--trial", "3"})).code == 0);
    Ended const other =
        run(sweep.command("show", {"--cell", adam, "--trial", "3", "--trials.block_size=4"}));
    CHECK(other.code == 2);
    CHECK_THAT(other.errors, Catch::Contains("is there already, of another block or budget"));
    Ended const beyond = run(sweep.command("show", {"--cell", id, "--trial", "8"}));
    CHECK(beyond.code == 2);
    CHECK_THAT(beyond.errors, Catch::Contains("trial = 8: the cell has trials 0 to 7"));
}

TEST_CASE("reduce takes what is there of an unfinished job", "[status]")
{
    Sweep const sweep(finished(small_job));
    auto const segments = sweep.segments();
    auto const surfing = std::find_if(segments.begin(), segments.end(), [](fs::path const& file) {
        return h5::FileReader(file).root().attribute<std::int64_t>("budget_steps") > 0;
    });
    REQUIRE(surfing != segments.end());
    fs::remove(*surfing);
    CHECK(blocks_done(sweep.status()) == small_job_blocks - 1);
    Ended const ended = run(sweep.command("reduce"));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK_THAT(ended.output,
               Catch::Contains("\n7 of 8 blocks reduced to " + sweep.results().string() + "\n"));
    h5::FileReader const results(sweep.results());
    CHECK(results.root().group("trials").dataset("trial").shape() == h5::Shape{14});

    Ended const finished_again = run(sweep.command("run"));
    INFO(finished_again.text());
    REQUIRE(finished_again.code == 0);
    CHECK_THAT(finished_again.errors, Catch::Contains("7 of 8 blocks are stored already\n"));
    check_same_results(finished(small_job), sweep);
}

TEST_CASE("status finds a shared folder of chains from anywhere", "[status]")
{
    Sweep const sweep(small_job);
    fs::path const home = sweep.job_file().parent_path();
    Command const command = surf_sweep({"run", "--job", "job.ini", "--output", "output", "--chains",
                                        "shared", "--trials.methods=adam"});
    Ended const ended = run(command, home);
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK(files_in(home / "shared", ".h5").size() == 1);
    ScratchFolder const elsewhere;
    auto const check_complete = [&](fs::path const& output) {
        Ended const found =
            run(surf_sweep({"status", "--json", "--output", output.string()}), elsewhere.path);
        INFO(found.text());
        REQUIRE(found.code == 0);
        auto const status = nlohmann::json::parse(found.output);
        CHECK(status["chains"][0]["state"] == "published");
        CHECK(blocks_done(status) == 4);
        CHECK_FALSE(status["results"].is_null());
    };
    check_complete(sweep.output());

    // A run goes on with the stored job, from elsewhere too, and with one that somebody wrote.
    fs::path const stored = sweep.output() / "job.ini";
    for (bool const by_hand : {false, true})
    {
        if (by_hand)
        {
            std::string const text = small_job;
            auto const section = text.find("[trials]\n") + 9;
            std::ofstream(stored) << "output = output\nchains = shared\n"
                                  << text.substr(0, section) << "methods = adam\n"
                                  << text.substr(section);
        }
        Ended const again =
            run(surf_sweep({"run", "--job", stored.string()}), by_hand ? home : elsewhere.path);
        INFO(again.text());
        REQUIRE(again.code == 0);
        CHECK_THAT(again.errors, Catch::Contains("4 of 4 blocks are stored already"));
        check_complete(sweep.output());
    }
    CHECK(fs::is_empty(elsewhere.path));

    CHECK(files_in(sweep.output(), ".ini").size() == 1);

    // A folder that was moved still knows where the shared chains are.
    fs::path const moved = home / "moved";
    fs::rename(sweep.output(), moved);
    check_complete(moved);
}
