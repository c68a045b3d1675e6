#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hdf5/file.hpp"
#include "integration/sweep.hpp"

using namespace surf;
using namespace surf::test;

namespace
{

/// Two experiments that share chain and adam cell, and one of surfaces alone.
char const* const three_experiments = R"(seed = 7
experiments = surfaces,linear,uniform
[train]
models = vae
latent_dims = 2
intervals = 2
steps_per_snapshot = 2
[trials]
count = 4
block_size = 2
[stop]
window = 20
max_iterations = 40
success_distance = 2
[surfaces.trials]
tasks = none
[surfaces.surface]
targets = 2
points = 9
[linear.surfing]
schedule = linear
[uniform.surfing]
schedule = uniform
)";

/// Fails the test unless the program finds that the file is what its schema says.
void check_valid(fs::path const& file)
{
    Ended const ended = run(surf_sweep({"validate", file.string()}));
    INFO(ended.text());
    CHECK(ended.code == 0);
}

void require_success(Command const& command)
{
    Ended const ended = run(command);
    INFO(ended.text());
    REQUIRE(ended.code == 0);
}

fs::path only_file(fs::path const& folder, std::string const& end)
{
    auto const files = files_in(folder, end);
    REQUIRE(files.size() == 1);
    return files.front();
}

}  // namespace

TEST_CASE("experiments share what is the same, and surfaces come with the run", "[experiments]")
{
    Sweep const sweep(on_small_images(three_experiments));
    require_success(on_ranks(2, sweep.command("run")));
    CHECK(sweep.chains().size() == 1);
    CHECK(sweep.segments().size() == 3 * 2);  // adam once, surfing twice
    check_valid(sweep.results());
    h5::FileReader const results(sweep.results());
    auto const names = results.root().group("summary").dataset("experiment").read<std::string>();
    CHECK(names == std::vector<std::string>{"linear", "uniform"});
    auto const trials = results.root().group("trials").dataset("trial").read<std::int64_t>();
    CHECK(trials.size() == 2 * 2 * 4);  // each experiment's are complete

    auto const surfaces = files_in(sweep.output(), ".h5");
    REQUIRE(surfaces.size() == 2);  // and results.h5
    check_valid(surfaces.back());
    CHECK_THAT(surfaces.back().filename().string(), Catch::StartsWith("surface-vae-"));

    auto const before = stamps({surfaces.back()});
    require_success(sweep.command("run"));
    CHECK(stamps({surfaces.back()}) == before);

    fs::resize_file(surfaces.back(), fs::file_size(surfaces.back()) / 2);
    require_success(sweep.command("run"));
    check_valid(surfaces.back());
    CHECK(fs::exists(surfaces.back().string() + ".bad"));
    CHECK(sweep.status()["set_aside"].size() == 1);
    CHECK(sweep.status()["surfaces"][0]["stored"] == true);
}

TEST_CASE("surface computes surfaces without trials, the same as a run", "[experiments]")
{
    Sweep const sweep(on_small_images(three_experiments));
    require_success(sweep.command("surface"));
    CHECK(sweep.segments().empty());
    CHECK_FALSE(fs::exists(sweep.results()));
    CHECK(sweep.chains().size() == 1);
    check_valid(only_file(sweep.output(), ".h5"));

    Sweep const diverged(on_small_images(three_experiments));
    Ended const failed = run(diverged.command("surface", {"--train.generator_rate=1e30"}));
    CHECK(failed.code == 5);
    CHECK_THAT(failed.errors, Catch::Contains("training of vae k=2: snapshot 1: "));

    Sweep const none(small_job);
    Ended const refused = run(none.command("surface"));
    CHECK(refused.code == 2);
    CHECK_THAT(refused.errors, Catch::Contains("the job has no surfaces"));
}

TEST_CASE("jobs share a folder of chains", "[experiments]")
{
    Sweep const& first = finished(small_job);
    Sweep const second(small_job);
    Ended const ended = run(second.command(
        "run", {"--chains", (first.output() / "chains").string(), "--trials.count", "2"}));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    // After nine steps the generator hardly makes images: who uses it later is told, too.
    CHECK_THAT(ended.errors, Catch::Contains("dcgan k=5, snapshot 3: diversity is ") &&
                                 Catch::Contains("trials on it say little) train longer"));
    CHECK(second.chains().empty());
    CHECK(first.chains().size() == 1);
}

TEST_CASE("theory writes one file for each set of settings", "[experiments]")
{
    ScratchFolder const folder;
    fs::path const job = folder.path / "theory.ini";
    std::ofstream(job) << fmt::format(
        "output = {}\n[theory]\nlatent_dim = 2\nhidden_layers = 1\nexpansions = 2,4\n"
        "measurements = 0\ntarget_norms = 1\nradii = 0.5,2\nnetworks = 3\ndirections = 4\n",
        folder.path.string());
    Command const theory = surf_sweep({"theory", "--job", job.string()});
    require_success(theory);
    fs::path const file = only_file(folder.path, ".h5");
    check_valid(file);
    auto const before = stamps({file});
    Ended const again = run(theory);
    CHECK_THAT(again.output, Catch::Contains("there already"));
    CHECK(stamps({file}) == before);
    require_success(surf_sweep({"theory", "--job", job.string(), "--seed", "2"}));
    CHECK(files_in(folder.path, ".h5").size() == 2);
    CHECK(run(surf_sweep({"theory", "--job", job.string(), "--theory.radii", "2,1"})).code == 2);
}
