#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "app/job/options.hpp"
#include "app/plan_text.hpp"
#include "app/theory_plan.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

std::size_t count(std::string const& text, std::string const& part)
{
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    {
        ++found;
    }
    return found;
}

/// A job in a folder of its own.
struct Planned
{
    test::ScratchFolder folder;
    Job job;
    Plan plan;

    explicit Planned(std::string const& text) : Planned(parse_job(text, "test")) {}
    explicit Planned(Job read) : job(std::move(read))
    {
        job.output = folder.path;
        job.chains = folder.path / "chains";
        plan = make_plan(job, {"checksum", {1, 28, 28}});
    }

    std::string text() const { return plan_text({job, plan, MachineSpeed()}); }
};

Job job_of_the_paper(std::string const& name)
{
    return parse_options({"plan", "--job", fmt::format("{}/jobs/{}.ini", SURF_SOURCE_DIR, name)})
        .job;
}

}  // namespace

TEST_CASE("a plan says what each row and all of it cost, and in which unit", "[plan_text]")
{
    // 100 steps of 64 images at 18 evaluations each; 100 trials of 700 iterations, two passes each.
    Planned const planned(
        "[train]\nmodels = dcgan\nlatent_dims = 5\nintervals = 10\nsteps_per_snapshot = 10\n"
        "[trials]\ncount = 100\n");
    std::string const text = planned.text();
    CHECK_THAT(text, Contains("evaluations: one forward or one backward pass of the generator"));
    CHECK_THAT(text, Contains("does 3500 a second (core time)"));
    CHECK_THAT(text, Contains("1.2e+05  33 s       292 MB  absent\n"));
    CHECK_THAT(text, Contains("chain         1.4e+05  40 s  "));
    CHECK_THAT(text, Contains("2 cells in 2 blocks: 3.4e+05 evaluations, 96 s of core time\n"));
    CHECK_THAT(text, Contains("\ntraining      1.2e+05  33 s       33 s\n"));
    CHECK_THAT(text, Contains("\ntrials        3.4e+05  96 s       96 s\n"));
    CHECK_THAT(text, Contains("\ntotal         4.5e+05  2 min      2 min\n"));
    CHECK_THAT(text, Contains("training at least 16 s on CPUs, with train.threads threads\n"));
    Planned const several(
        "[train]\nmodels = dcgan\nlatent_dims = 5\nintervals = 10\nsteps_per_snapshot = 10\n"
        "seeds = 1,2,3\n[trials]\ncount = 100\n");
    CHECK_THAT(several.text(),
               Contains("training at least 16 s on CPUs, with train.threads threads: 49 s if one "
                        "rank trains alone (trainers = 1)\n"));
}

TEST_CASE("a cell is printed once, with the first experiment that has it", "[plan_text]")
{
    Planned const paper(job_of_the_paper("paper"));
    std::string const text = paper.text();
    CHECK_THAT(text, Contains("\nexperiment figure2\nthe cells of table1\n\nexperiment figure3\n"));
    for (PlannedCell const& cell : paper.plan.cells)
    {
        CHECK(count(text, fmt::format("\n{}  {}  ", cell.spec.id().brief(),
                                      cell.spec.chain.brief())) == 1);
    }

    Planned const partly(
        "experiments = linear,uniform,same\n[train]\nmodels = dcgan\nlatent_dims = 5\n"
        "[linear.surfing]\nschedule = linear\n[uniform.surfing]\nschedule = uniform\n"
        "[same.surfing]\nschedule = uniform\n");
    auto const id = [&](std::size_t cell) { return partly.plan.cells[cell].spec.id().brief(); };
    std::string const three = partly.text();
    for (std::size_t cell = 0; cell < 3; ++cell)
    {
        CHECK(count(three, fmt::format("\n{}  ", id(cell))) == 1);
    }
    CHECK_THAT(three, Contains(fmt::format("\n1 cell of linear: {}\n", id(0))));
    CHECK_THAT(three, Contains("\nexperiment same\nthe cells of uniform\n"));
}

TEST_CASE("a plan counts what is left, and leaves out what cannot be done", "[plan_text]")
{
    Planned const planned(
        "[train]\nmodels = dcgan,vae\nlatent_dims = 5\n[trials]\nmethods = adam\n");
    fs::path const path = planned.plan.chains[0].path;
    fs::create_directories(planned.job.chains);
    std::ofstream(path) << "x";
    CHECK_THAT(planned.text(), Contains("2.7 GB  published\n"));
    CHECK_THAT(planned.text(), Contains("\ntraining      7.7e+06  37 min     15 min\n"));

    fs::remove(path);
    fs::path partial = path;
    partial.replace_extension(".partial");
    fs::create_directories(partial);
    for (int t = 0; t <= 50; ++t)
    {
        std::ofstream(partial / fmt::format("snapshot-{:05}.h5", t)) << "x";
    }
    CHECK_THAT(planned.text(), Contains("training, 51 snapshots\n"));
    CHECK_THAT(planned.text(), Contains("\ntraining      7.7e+06  37 min     26 min\n"));

    std::ofstream(partial / "diverged.txt") << "snapshot 51: not finite\n";
    CHECK_THAT(planned.text(), Contains("diverged, 51 snapshots\n"));
    CHECK_THAT(planned.text(), Contains("\ndiverged: dcgan k=5 of sweep, chain " +
                                        planned.plan.chains[0].header.id().brief() +
                                        ": snapshot 51: not finite\n"));
    CHECK_THAT(planned.text(), Contains("\ntraining      7.7e+06  37 min     15 min\n"));
    CHECK_THAT(planned.text(), Contains("\ntrials        8.4e+05  4 min      2 min\n"));
}

TEST_CASE("a plan of surfaces alone has their cost and no trials", "[plan_text]")
{
    std::string const text = Planned(job_of_the_paper("figure1")).text();
    CHECK_THAT(text, Contains(": 1 chain, no trials\n"));
    CHECK_THAT(text, Contains("101 x 101      3.1e+04  9 s"));
    CHECK_THAT(text, Contains("\nsurfaces      3.1e+04  9 s        9 s\n"));
    CHECK_THAT(text, !Contains("trials  ") && Contains("files: chains 2.7 GB\n"));
}

TEST_CASE("a plan of theory has networks, widths and points", "[plan_text]")
{
    Job job = job_of_the_paper("theory");
    test::ScratchFolder const folder;
    job.output = folder.path;
    std::string const text = theory_text(job);
    CHECK_THAT(text,
               Catch::StartsWith("theorem 3.1 on 80 random networks, for surf_sweep theory\n"));
    CHECK_THAT(text, Contains("\n       16  5-80-1280-1280        20   90000      7200\n"));
    CHECK_THAT(text, Contains("m = 0,100 (0: A = I) and |y| = 0,1,10,\nat 15 radii"));
    CHECK_THAT(text, Contains("file: " + theory_path(job).string() + "\n"));
    std::ofstream(theory_path(job)) << "x";
    CHECK_THAT(theory_text(job), Contains("(there already)"));
    CHECK(theory_text(job_of_the_paper("demo")).empty());
}
