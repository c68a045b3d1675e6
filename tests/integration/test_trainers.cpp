#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "data/images.hpp"
#include "integration/sweep.hpp"

using namespace surf::test;

namespace
{

/// Three chains to train, on one thread each, and few trials.
char const* const trainings_job = R"(seed = 7
[train]
models = relu
seeds = 1,2,3
latent_dims = 5
intervals = 3
steps_per_snapshot = 3
threads = 1
[trials]
methods = adam
count = 2
block_size = 1
[stop]
window = 20
max_iterations = 40
success_distance = 2
)";
constexpr std::size_t trainings_job_chains = 3;

/// The ranks that published a chain, by their log.
std::set<std::string> trainers(std::string const& errors)
{
    std::regex const line(R"(\[(\d+)\] info chain of .* is published\n)");
    std::set<std::string> ranks;
    for (std::sregex_iterator match(errors.begin(), errors.end(), line), end; match != end; ++match)
    {
        ranks.insert((*match)[1]);
    }
    return ranks;
}

/// How often a training began at its first step, by the log.
std::size_t trainings_begun(std::string const& errors)
{
    std::regex const line("snapshot 0 of 3");
    std::sregex_iterator const first(errors.begin(), errors.end(), line);
    return static_cast<std::size_t>(std::distance(first, std::sregex_iterator()));
}

void check_same(Sweep const& sweep)
{
    CHECK(sweep.chains().size() == trainings_job_chains);
    CHECK(files_in(sweep.output() / "chains", "").size() == trainings_job_chains);
    check_same_chains(finished(trainings_job), sweep);
    check_same_results(finished(trainings_job), sweep);
}

/// In the midst of two trainings.
void signal_second_trainer(RunningProgram& program, Sweep const& sweep, int signal)
{
    program.wait_until([&] { return trained_to(sweep, 1) == 2; });
    auto const ranks = processes_working_on(sweep.output());
    REQUIRE(ranks.size() == 2);
    ::kill(std::ranges::max(ranks), signal);  // it was started last
}

}  // namespace

TEST_CASE("train makes the chains alone, resumes, and run goes on with them", "[trainers]")
{
    Sweep const sweep(trainings_job);
    Command const train = on_ranks(2, sweep.command("train", {"--trainers=2"}));
    RunningProgram first(train);
    first.wait_until([&] { return trained_to(sweep, 1) > 0; });
    first.send(SIGUSR2);
    Ended const stopped = first.wait();
    INFO(stopped.text());
    REQUIRE(stopped.code == 75);
    CHECK_THAT(stopped.errors, Catch::Contains(" of 3 chains stored; the same command resumes\n"));

    Ended const ended = run(train);
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK_THAT(ended.errors, Catch::Contains("resumes at step"));
    CHECK_THAT(ended.errors, Catch::Contains("2 ranks were busy "));
    check_same_chains(finished(trainings_job), sweep);
    for (fs::path const& chain : sweep.chains())
    {
        CHECK_THAT(ended.output, Catch::Contains("chain: " + chain.string()));
    }
    CHECK(sweep.segments().empty());
    CHECK_FALSE(fs::exists(sweep.results()));

    auto const chains = stamps(sweep.chains());
    CHECK(run(sweep.command("train")).code == 0);
    CHECK(run(sweep.command("run")).code == 0);
    CHECK(stamps(sweep.chains()) == chains);
    check_same(sweep);
}

TEST_CASE("several ranks train, and the chains are the same", "[trainers]")
{
    Sweep const sweep(trainings_job);
    Ended const ended = run(on_ranks(4, sweep.command("run", {"--trainers=3"})));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK(trainers(ended.errors).contains("0"));  // the first to be given a chain
    CHECK(trainers(ended.errors).size() >= 2);
    check_same(sweep);
}

TEST_CASE("ranks that do not see the images are sent them", "[trainers]")
{
    Sweep const sweep(trainings_job);
    ScratchFolder const with_images;
    ScratchFolder const without;
    fs::create_symlink(surf::data::default_folder, with_images.path / "images");
    Command const command = sweep.command("run", {"--trainers=2", "--data=images"});
    auto const in = [&](ScratchFolder const& folder) {
        Command all = {"env", "-C", folder.path.string()};
        all.insert(all.end(), command.begin(), command.end());
        return all;
    };
    Command both = on_ranks(1, in(with_images));
    Command const second = on_ranks(1, in(without));
    both.push_back(":");
    both.insert(both.end(), second.begin() + 1, second.end());
    Ended const ended = run(both);
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK_THAT(ended.errors, Catch::Contains("1 of 2 ranks do not see images: sending them"));
    CHECK(trainers(ended.errors) == std::set<std::string>{"0", "1"});
    check_same(sweep);
}

TEST_CASE("the chain of a trainer that leaves is resumed by another rank", "[trainers]")
{
    Sweep const sweep(trainings_job);
    RunningProgram program(on_ranks(2, sweep.command("run", {"--trainers=2"})));
    signal_second_trainer(program, sweep, SIGUSR2);
    Ended const ended = program.wait();
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK(trainers(ended.errors).contains("0"));
    CHECK(trainings_begun(ended.errors) == trainings_job_chains);  // none of them twice
    check_same(sweep);
}

TEST_CASE("trainings that diverge on any rank leave the run going, and it says so", "[trainers]")
{
    Sweep const sweep(trainings_job);
    Ended const ended =
        run(on_ranks(2, sweep.command("run", {"--trainers=2", "--train.generator_rate=1e20"})));
    INFO(ended.text());
    CHECK(ended.code == 5);
    for (int const seed : {1, 2, 3})
    {
        CHECK_THAT(ended.errors, Catch::Contains(fmt::format(
                                     "training of relu k=5 training={}: snapshot 1", seed)));
    }
    CHECK(sweep.chains().empty());
}

TEST_CASE("images that are gone when trainings begin end the run", "[trainers]")
{
    Sweep const sweep(trainings_job);
    ScratchFolder const folder;
    fs::path const images = folder.path / "images";
    fs::create_symlink(surf::data::default_folder, images);
    RunningProgram program(
        on_ranks(2, sweep.command("run", {"--trainers=2", "--data=" + images.string()})));
    program.wait_until([&] { return trained_to(sweep, 0) == 2; });
    fs::remove(images);
    Ended const ended = program.wait();
    INFO(ended.text());
    CHECK(ended.code == 3);  // of the third chain
    CHECK_THAT(ended.errors, Catch::Contains("training failed on rank 0, another one tries: ") ||
                                 Catch::Contains("training failed on rank 1, another one tries: "));
    CHECK_THAT(ended.errors,
               Catch::Contains("surf_sweep: error: no data folder " + images.string()));
    Ended const again = run(sweep.command("run"));
    INFO(again.text());
    REQUIRE(again.code == 0);
    check_same(sweep);
}

TEST_CASE("a plan for ranks says what this machine does and how long they take", "[trainers]")
{
    Sweep const sweep(trainings_job);
    Ended const ended = run(sweep.command("plan", {"--ranks=3"}));
    INFO(ended.text());
    CHECK(ended.code == 0);
    CHECK_THAT(ended.output, Catch::Contains("measured here: training relu, "));
    CHECK_THAT(ended.output, Catch::Contains("measured here: trials, 1 in a block"));
    CHECK_THAT(ended.output, Catch::Contains("on 3 ranks of one machine"));
    CHECK_FALSE(fs::exists(sweep.output() / "segments"));
}

TEST_CASE("the chains of trainers that are killed are resumed by the next run", "[trainers]")
{
    Sweep const sweep(trainings_job);
    RunningProgram program(on_ranks(2, sweep.command("run", {"--trainers=2"})));
    signal_second_trainer(program, sweep, SIGKILL);
    CHECK(program.wait().code != 0);
    wait_for_their_end(sweep.output());
    Ended const ended = run(sweep.command("run"));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK(trainings_begun(ended.errors) == 1);  // the third: the two before are resumed
    check_same(sweep);
}
