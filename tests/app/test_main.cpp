#include <fmt/format.h>
#include <stdio.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "base/exit_code.hpp"

using surf::ExitCode;

namespace
{

struct Result
{
    ExitCode code;
    std::string output;  ///< standard output and standard error together
};

/// Runs the program itself; `environment` is "NAME=value" or empty.
Result run(std::string const& arguments, std::string const& environment = "")
{
    std::string const command =
        fmt::format("cd {} && env -u OMPI_COMM_WORLD_SIZE {} 2>&1 {} {}", SURF_SOURCE_DIR,
                    environment, SURF_SWEEP_PROGRAM, arguments);
    FILE* const pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Result result;
    std::array<char, 4096> buffer;
    while (auto const size = ::fread(buffer.data(), 1, buffer.size(), pipe))
    {
        result.output.append(buffer.data(), size);
    }
    result.code = static_cast<ExitCode>(WEXITSTATUS(::pclose(pipe)));
    return result;
}

}  // namespace

TEST_CASE("bad input ends with one line and its exit code", "[main]")
{
    Result const result = run("plan --train.intervals=0");
    CHECK(result.code == ExitCode::bad_input);
    CHECK_THAT(result.output,
               Catch::StartsWith("surf_sweep: error: command line: train.intervals = 0: must be"));
    CHECK(std::ranges::count(result.output, '\n') == 1);
    CHECK(run("plan --log-level=loud").code == ExitCode::bad_input);
    CHECK(run("plan --data=/nowhere").code == ExitCode::environment);
    CHECK(run("validate /nowhere.h5").code == ExitCode::environment);
    Result const unsound = run("validate README.md CHANGELOG.md");
    CHECK(unsound.code == ExitCode::bad_file);
    CHECK(std::ranges::count(unsound.output, '\n') == 2);
    CHECK(run("validate CMakeLists.txt").code == ExitCode::bad_file);
    for (char const* const files : {"README.md /nowhere.h5", "/nowhere.h5 README.md"})
    {
        CHECK(run(std::string("validate ") + files).code == ExitCode::bad_file);  // the worse one
    }
}

TEST_CASE("what srun started works as its only task, and is told of a launcher as one of several",
          "[main]")
{
    std::string const task =
        "SLURM_JOBID=1 SLURM_NODELIST=n1 SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=";
    Result const only = run("run --data=/nowhere", task + "1");
    CHECK(only.code == ExitCode::environment);  // MPI began, and the data was looked for
    CHECK_THAT(only.output, Catch::StartsWith("surf_sweep: error: no data folder /nowhere"));
    for (char const* const command : {"run", "train", "surface"})
    {
        Result const several = run(std::string(command) + " --data=/nowhere", task + "2");
        CHECK(several.code == ExitCode::not_connected);
        CHECK_THAT(several.output, Catch::StartsWith("surf_sweep: error: srun started 2 processes "
                                                     "without PMIx"));
    }
    CHECK(run("run --data=/nowhere", task + "2 PMIX_NAMESPACE=x").code != ExitCode::not_connected);
    CHECK(run("plan", task + "1").code == ExitCode::success);
    CHECK(run("plan", task + "2").code == ExitCode::bad_input);
}

TEST_CASE("help, version and plan say what they should", "[main]")
{
    Result const help = run("--help");
    CHECK(help.code == ExitCode::success);
    CHECK_THAT(help.output, Catch::StartsWith("Usage: surf_sweep"));
    CHECK_THAT(run("help stop").output, Catch::Contains("--stop.window"));
    Result const version = run("version");
    CHECK(version.code == ExitCode::success);
    for (char const* const part : {"surf_sweep 0.", "(revision ", "LibTorch   2.", "BLAS  ",
                                   "MPI  ", "HDF5       1.", "device     cpu"})
    {
        CHECK_THAT(version.output, Catch::Contains(part));
    }
    Result const plan = run("plan --output=/nowhere");
    CHECK(plan.code == ExitCode::success);
    CHECK_THAT(plan.output, Catch::Contains("2 cells in 4 blocks"));
    Result const theory = run("plan --job jobs/theory.ini --data=/nowhere");
    CHECK(theory.code == ExitCode::success);
    CHECK_THAT(theory.output, Catch::Contains("80 random networks"));
    CHECK_THAT(theory.output, !Catch::Contains("chain"));
    Result const status = run("status --job jobs/demo.ini --output=/nowhere --json");
    CHECK(status.code == ExitCode::success);
    CHECK_THAT(status.output, Catch::Contains("\"state\": \"absent\""));
    CHECK_THAT(status.output, Catch::Contains("\"results\": null"));
    Result const odd = run("status --job jobs/demo.ini --output=/nowhere/$(printf '\\377') --json");
    CHECK(odd.code == ExitCode::success);
    CHECK_THAT(odd.output, Catch::Contains("\"output\": \"/nowhere/\xEF\xBF\xBD\""));
}

TEST_CASE("bash completes commands, options, names and lists of names", "[main]")
{
    auto const completed = [](std::string const& words, int at) {
        FILE* const pipe = ::popen(
            fmt::format("bash -c 'eval \"$({} help bash)\"; COMP_WORDS=({}); COMP_CWORD={}; "
                        "_surf_sweep; echo \"${{COMPREPLY[*]}}\"'",
                        SURF_SWEEP_PROGRAM, words, at)
                .c_str(),
            "r");
        REQUIRE(pipe != nullptr);
        std::array<char, 4096> buffer{};
        std::string const line(buffer.data(), ::fread(buffer.data(), 1, buffer.size(), pipe));
        CHECK(::pclose(pipe) == 0);
        return line;
    };
    CHECK(completed("surf_sweep pl", 1) == "plan\n");
    CHECK(completed("surf_sweep run --trials.bl", 2) == "--trials.block_size\n");
    CHECK(completed("surf_sweep run --train.models v", 3) == "vae\n");
    CHECK(completed("surf_sweep run --train.models = vae,dc", 4) == "vae,dcgan\n");
    CHECK(completed("surf_sweep help exit", 2) == "exit-codes\n");
}

TEST_CASE("what cannot be printed is an error", "[main]")
{
    for (char const* const command : {"version", "help", "plan --output=/nowhere"})
    {
        Result const result = run(fmt::format("{} >/dev/full", command));
        INFO(command);
        CHECK(result.code == ExitCode::environment);
        CHECK_THAT(result.output, Catch::StartsWith("surf_sweep: error: cannot write to "));
        CHECK_THAT(result.output, Catch::Contains("No space left on device"));
    }
    CHECK(run("plan --train.intervals=0 2>/dev/full").code == ExitCode::bad_input);
}

TEST_CASE("threads that wait sleep, unless the environment wants them to spin", "[main]")
{
    // libgomp prints its settings each time that it is loaded. Its policy is "passive" in name even
    // where nothing is set, so it is the number of spins that tells.
    std::string const show = "OMP_DISPLAY_ENV=verbose ";
    std::string const asleep = "GOMP_SPINCOUNT = '0'";
    CHECK_THAT(run("version", "-u OMP_WAIT_POLICY " + show).output, Catch::Contains(asleep));
    CHECK_THAT(run("version", show + "OMP_WAIT_POLICY=active").output, !Catch::Contains(asleep));
}

TEST_CASE("only run may be started by mpirun", "[main]")
{
    Result const first = run("plan", "OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0");
    CHECK(first.code == ExitCode::bad_input);
    CHECK_THAT(first.output, Catch::Contains("plan: started as 2 processes"));
    Result const second = run("plan", "OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=1");
    CHECK(second.code == ExitCode::bad_input);
    CHECK(second.output.empty());
}
