#include <fmt/format.h>
#include <stdio.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/exit_code.hpp"
#include "support/scratch_folder.hpp"

using surf::ExitCode;

namespace
{

struct Result
{
    ExitCode code;
    std::string output;  ///< standard output and standard error together
};

/// Runs the program with these arguments, on the CPU.
Result run(std::string const& arguments, std::string const& launcher = "")
{
    std::string const command =
        fmt::format("{} {} --device cpu {} 2>&1", launcher, SURF_BENCH_PROGRAM, arguments);
    FILE* const pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Result result;
    std::array<char, 4096> buffer;
    while (auto const size = ::fread(buffer.data(), 1, buffer.size(), pipe))
    {
        result.output.append(buffer.data(), size);
    }
    result.code = static_cast<ExitCode>(WEXITSTATUS(::pclose(pipe)));
    INFO(result.output);
    return result;
}

nlohmann::json read_json(std::filesystem::path const& path)
{
    std::ifstream file(path);
    return nlohmann::json::parse(file);
}

std::set<std::string> names_in(nlohmann::json const& results)
{
    std::set<std::string> names;
    for (auto const& row : results.at("benchmarks"))
    {
        names.insert(row.at("name").get<std::string>());
    }
    return names;
}

std::string const quick = "--min-time 0.01 ";

}  // namespace

TEST_CASE("help and list print and measure nothing", "[program]")
{
    Result const help = run("--help");
    CHECK(help.code == ExitCode::success);
    for (char const* const part : {"Usage: surf_bench", "--min-time", "in seconds [0.5]",
                                   "--training-threads", "fashion-mnist"})
    {
        CHECK_THAT(help.output, Catch::Contains(part));
    }
    Result const list = run("--list");
    CHECK(list.code == ExitCode::success);
    for (char const* const name :
         {"ceiling/float32/gemm4096\n", "ceiling/bfloat16/conv2d\n",
          "trials/inversion/k5/batch25\n", "trials/recovery/k20/batch300\n",
          "baseline/autograd_single\n", "training/wgan-gp\n", "training/plain_dcgan\n",
          "snapshots/surfing\n", "projection/k20\n"})
    {
        CHECK_THAT(list.output, Catch::Contains(name));
    }
    CHECK_THAT(list.output, !Catch::Contains("sched/lease"));  // there is but one rank
    CHECK(run("--list --filter ^training/vae$").output == "training/vae\n");
    CHECK_THAT(list.output, !Catch::Contains("cells/"));  // there is no chain
    CHECK_THAT(run("--list --chain /nowhere.h5").output,
               Catch::Contains("cells/adam/block100\n") &&
                   Catch::Contains("cells/surfing-lm/exact/block25\n"));
}

TEST_CASE("bad input ends with one line and its exit code", "[program]")
{
    for (char const* const arguments : {"--threads 0", "--fliter x", "--filter no-such-case"})
    {
        Result const result = run(arguments);
        CHECK(result.code == ExitCode::bad_input);
        CHECK_THAT(result.output, Catch::StartsWith("surf_bench: error: command line: "));
        CHECK(std::ranges::count(result.output, '\n') == 1);
    }
    CHECK(run("--filter training/vae --images /nowhere").code == ExitCode::environment);
    Result const no_chain = run("--filter cells/lm/exact/block25 --chain /nowhere.h5");
    CHECK(no_chain.code == ExitCode::environment);
    CHECK_THAT(no_chain.output, Catch::Contains("/nowhere.h5"));
}

TEST_CASE("results are printed, and kept as JSON until overwriting is allowed", "[program]")
{
    surf::test::ScratchFolder const scratch;
    auto const path = scratch.path / "results.json";
    std::string const arguments =
        fmt::format("{} --filter 'float32/gemm1024|inversion/k5/batch25$|prepare' --json {}", quick,
                    path.string());
    Result const result = run(arguments);
    REQUIRE(result.code == ExitCode::success);
    CHECK_THAT(result.output, Catch::Contains("trial iterations/s"));

    auto const results = read_json(path);
    for (char const* const key : {"date", "host", "cpu", "device", "threads", "training_threads",
                                  "ranks", "libtorch_version"})
    {
        CHECK(results.at("context").contains(key));
    }
    CHECK(names_in(results) == std::set<std::string>{"ceiling/float32/gemm1024",
                                                     "trials/inversion/k5/batch25",
                                                     "snapshots/prepare"});
    for (auto const& row : results.at("benchmarks"))
    {
        CHECK(row.at("value") > 0);
        CHECK(row.at("min") <= row.at("value"));
        CHECK(row.at("max") >= row.at("value"));
        CHECK(row.at("repetitions") >= 5);
        CHECK(row.at("unit").is_string());
        CHECK(row.at("share_of_ceiling").is_number() == (row.at("section") == "trials"));
    }

    CHECK(run(arguments).code == ExitCode::bad_input);
    CHECK(read_json(path) == results);
    CHECK(run(arguments + " --force --filter prepare").code == ExitCode::bad_input);  // twice
    CHECK(run(fmt::format("{} --filter prepare --json {} --force", quick, path.string())).code ==
          ExitCode::success);
    CHECK(names_in(read_json(path)) == std::set<std::string>{"snapshots/prepare"});
}

TEST_CASE("two ranks measure alone, together and the way between them", "[program]")
{
    surf::test::ScratchFolder const scratch;
    auto const path = scratch.path / "results.json";
    std::string const launcher = fmt::format("{} 2", SURF_MPIEXEC);
    Result const result = run(
        fmt::format("{} --filter 'inversion/k5/batch25$|lease' --json {}", quick, path.string()),
        launcher);
    REQUIRE(result.code == ExitCode::success);
    auto const results = read_json(path);
    CHECK(results.at("context").at("ranks") == 2);
    std::string const trials = "trials/inversion/k5/batch25";
    CHECK(names_in(results) == std::set<std::string>{trials, trials + "/each_rank",
                                                     trials + "/all_ranks", trials + "/scaling",
                                                     "sched/lease"});
    CHECK(run("--threads 0", launcher).code == ExitCode::bad_input);
}
