#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hdf5/file.hpp"
#include "integration/sweep.hpp"

using namespace surf::test;

namespace
{

constexpr char const* error_prefix = "surf_sweep: error: ";
fs::path const images = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz";

/// One line on standard error that begins like this, nothing on standard output.
void check_refusal(Ended const& ended, int code, std::string const& begin)
{
    INFO(ended.text());
    CHECK(ended.code == code);
    CHECK_THAT(ended.errors, Catch::StartsWith(error_prefix + begin));
    CHECK(std::ranges::count(ended.errors, '\n') == 1);
    CHECK(ended.output.empty());
}

/// How often an error is printed, among what mpirun itself has to say.
std::size_t error_lines(std::string const& errors)
{
    std::size_t lines = 0;
    for (auto at = errors.find(error_prefix); at != std::string::npos;
         at = errors.find(error_prefix, at + 1))
    {
        ++lines;
    }
    return lines;
}

/// The same job ends well where it has what it needs, as if nothing had been.
void check_resumption(Sweep const& sweep)
{
    Ended const ended = run(sweep.command("run"));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    check_same_results(finished(small_job), sweep);
}

/// The command, by somebody who may write to `own`, but only read the others: root may do anything.
Command without_rights(Command const& command, fs::path const& own,
                       std::vector<fs::path> const& others)
{
    if (::geteuid() != 0)
    {
        return command;
    }
    std::string const nobody = "65534";
    REQUIRE(run({"chown", "-R", nobody, own.string()}).code == 0);
    for (fs::path const& other : others)
    {
        REQUIRE(run({"chmod", "-R", "a+rX", other.string()}).code == 0);
    }
    Command all = {"setpriv", "--reuid=" + nobody, "--clear-groups",
                   "env",     "TMPDIR=/tmp",       "OMPI_MCA_btl_vader_backing_directory=/tmp"};
    all.insert(all.end(), command.begin(), command.end());
    return all;
}

fs::path folder_with(ScratchFolder const& scratch, std::string const& name, std::string const& file,
                     std::string const& bytes)
{
    fs::path const folder = scratch.path / name;
    fs::create_directory(folder);
    std::ofstream(folder / file, std::ios::binary) << bytes;
    return folder;
}

}  // namespace

TEST_CASE("a folder of chains that are all there need not be writable", "[bad_environment]")
{
    Sweep const sweep(finished(small_job));
    fs::remove_all(sweep.output() / "segments");
    ScratchFolder const scratch;
    fs::path const chains = scratch.path / "chains";
    fs::rename(sweep.output() / "chains", chains);
    Command const run_there = sweep.command("run", {"--chains", chains.string()});
    fs::permissions(chains, fs::perms::owner_write, fs::perm_options::remove);
    Command const as_nobody =
        without_rights(run_there, sweep.output(), {sweep.output().parent_path(), scratch.path});
    {
        Ended const ended = run(as_nobody);
        INFO(ended.text());
        CHECK(ended.code == 0);
        check_same_results(finished(small_job), sweep);
    }
    Command more = as_nobody;
    more.push_back("--seed=8");  // needs another chain
    Ended const ended = run(more);
    fs::permissions(chains, fs::perms::owner_write, fs::perm_options::add);
    check_refusal(ended, 3, "chains = " + chains.string() + ": cannot write there");
}

TEST_CASE("a run in a bad environment ends at once with one line", "[bad_environment]")
{
    Sweep const sweep(small_job);
    ScratchFolder const scratch;
    std::string const whole = bytes_of(images);
    REQUIRE(whole.size() > 1'000'000);
    using namespace std::string_literals;
    fs::path const truncated =
        folder_with(scratch, "truncated", images.filename(), whole.substr(0, whole.size() / 2));
    fs::path const labels =
        folder_with(scratch, "labels", "train-images-idx3-ubyte", "\0\0\x08\x01\0\0\0\x01\x05"s);
    fs::path const no_idx =
        folder_with(scratch, "no_idx", "train-images-idx3-ubyte", "PNG, or whatever");
    fs::path const empty = folder_with(scratch, "empty", "README", "");
    std::ofstream(scratch.path / "file") << "not a folder";
    std::string const below_file = (scratch.path / "file" / "output").string();

    struct BadRun
    {
        Command options;
        int code;
        std::string begin;
    };
    BadRun const runs[] = {
        {{"--data=/nowhere"}, 3, "no data folder /nowhere; install Debian's dataset-fashion-mnist"},
        {{"--data", empty.string()}, 3, "neither " + (empty / "train-images-idx3-ubyte").string()},
        {{"--data", truncated.string()},
         4,
         (truncated / images.filename()).string() + " ends inside its compressed stream; fetch"},
        {{"--data", labels.string()},
         4,
         (labels / "train-images-idx3-ubyte").string() + " has 1 dimensions (grey images have 3"},
        {{"--data", no_idx.string()},
         4,
         (no_idx / "train-images-idx3-ubyte").string() + " is not an IDX file (magic number 0x50"},
        {{"--device=cuda"}, 3, "device = cuda: "},  // the tests' environment hides all GPUs
    };
    for (auto const& [options, code, begin] : runs)
    {
        check_refusal(run(sweep.command("run", options)), code, begin);
    }
    for (std::string const& output : {below_file, "/proc/output"s})
    {
        Command const command =
            surf_sweep({"run", "--job", sweep.job_file().string(), "--output", output});
        check_refusal(run(command), 3, "output = " + output + ": cannot write there (");
    }
    CHECK_FALSE(fs::exists(sweep.results()));
    CHECK_FALSE(fs::exists(sweep.output() / "chains"));
}

TEST_CASE("a run with a bad job or command line ends at once with one line", "[bad_environment]")
{
    Sweep const sweep(small_job);
    ScratchFolder const scratch;
    std::string const unknown_key = (scratch.path / "unknown.ini").string();
    std::ofstream(unknown_key) << "[train]\nmodel = vae\n";
    check_refusal(run(surf_sweep({"run", "--job", unknown_key})), 2,
                  unknown_key + ": train.model: unknown key; did you mean train.models?\n");
    check_refusal(run(surf_sweep({"run", "--job", scratch.path.string()})), 2,
                  scratch.path.string() + ": is a folder; name a job file: --job FILE");
    check_refusal(run(sweep.command("run", {"--train.intervals=0"})), 2,
                  "command line: train.intervals = 0: must be a whole number of at least 1");
    check_refusal(
        run(sweep.command("run", {"--trials.tasks=recovery", "--trials.measurements=785"})), 2,
        "trials.measurements = 785: trials.operator = gaussian cannot give 785 measurements of "
        "the 1 x 28 x 28 images of dcgan k=5; use some of 784, ");
    check_refusal(run(sweep.command("run", {"--adam.learning_rate=-0.01"})), 2,
                  "command line: adam.learning_rate = -0.01: must be a decimal number above 0\n");
    check_refusal(run(surf_sweep({"go"})), 2,
                  "command line: command = go: no such choice; use one of run, train, plan");
    CHECK_FALSE(fs::exists(sweep.output()));
}

TEST_CASE("without a job, the program says what to do", "[bad_environment]")
{
    ScratchFolder const scratch;
    Ended const ended = run(surf_sweep({}), scratch.path);
    check_refusal(ended, 2, "jobs/demo.ini: not found from " + scratch.path.string());
    CHECK_THAT(ended.errors,
               Catch::EndsWith("start in the project's folder or name a job: --job FILE\n"));
    CHECK(fs::is_empty(scratch.path));
}

TEST_CASE("commands refuse files and folders that mean nothing to them", "[bad_environment]")
{
    Sweep const sweep(small_job);
    ScratchFolder const scratch;
    std::string const text = (scratch.path / "text.h5").string();
    std::ofstream(text) << "not an HDF5 file\n";
    check_refusal(run(surf_sweep({"validate", text})), 4,
                  text + " is not an HDF5 file; name another file");
    check_refusal(run(surf_sweep({"validate", text + ".none"})), 3,
                  "cannot open " + text + ".none: No such file or directory");
    check_refusal(run(surf_sweep({"status", "--output", scratch.path.string()})), 2,
                  "command line: output = " + scratch.path.string() +
                      ": nothing was run there (it holds no job.ini)");
    check_refusal(run(sweep.command("reduce")), 2,
                  "output = " + sweep.output().string() + ": no block of job ");
    CHECK_FALSE(fs::exists(sweep.output()));
    CHECK(scratch.files() == 1);
}

TEST_CASE("several ranks print an error once", "[bad_environment]")
{
    Sweep const sweep(small_job);
    struct BadRun
    {
        Command command;
        int code;
        std::string begin;
    };
    BadRun const runs[] = {
        {sweep.command("run", {"--sed=1"}), 2,
         "command line: sed: unknown key; did you mean seed?"},
        {sweep.command("run", {"--data=/nowhere"}), 3, "no data folder /nowhere; "},
        {sweep.command("run", {"--device=cuda"}), 3, "device = cuda: "},
        {sweep.command("run", {"--output=/proc/output"}), 2, "command line: output: given twice"},
        {sweep.command("plan"), 2, "plan: started as 2 processes (they would disturb each other)"},
        {sweep.command("reduce"), 2, "reduce: started as 2 processes"},
    };
    for (auto const& [command, code, begin] : runs)
    {
        Ended const ended = run(on_ranks(2, command));
        INFO(ended.text());
        CHECK(ended.code == code);
        CHECK_THAT(ended.errors, Catch::Contains(error_prefix + begin));
        CHECK(error_lines(ended.errors) == 1);
        CHECK(ended.output.find("chain") == std::string::npos);
    }
}

TEST_CASE("two runs do not work in one folder", "[bad_environment]")
{
    Sweep const sweep(small_job);
    RunningProgram first(sweep.command("run", {"--train.steps_per_snapshot=10000"}));
    first.wait_until([&] { return trained_to(sweep, 0) > 0; });
    std::string const job = bytes_of(sweep.output() / "job.ini");
    check_refusal(run(sweep.command("run")), 3,
                  "another surf_sweep works in " + sweep.output().string() + " (");
    Ended const second = run(on_ranks(2, sweep.command("run")));
    INFO(second.text());
    CHECK(second.code == 3);
    CHECK(error_lines(second.errors) == 1);
    CHECK(bytes_of(sweep.output() / "job.ini") == job);
    REQUIRE(first.running());
    first.send(SIGTERM);
    CHECK(first.wait().code == 75);
}

TEST_CASE("a disk that fills up ends a run, which resumes on a larger one", "[bad_environment]")
{
    // A limit on file sizes stands in for the disk: a snapshot has 26 MB, what MPI needs 4.
    Sweep const sweep(small_job);
    std::string const script = "ulimit -f 16384; trap '' XFSZ; exec \"$@\"";
    Command command = {"bash", "-c", script, "bash"};
    for (std::string const& word : sweep.command("run", {"--log-level=error"}))
    {
        command.push_back(word);
    }
    Ended const ended = run(command);
    INFO(ended.text());
    CHECK(ended.code == 3);
    CHECK(error_lines(ended.errors) == 1);
    auto const partial = files_in(sweep.output() / "chains", ".partial");
    REQUIRE(partial.size() == 1);
    CHECK_THAT(ended.errors,
               Catch::Contains(error_prefix) &&
                   Catch::Contains((partial.front() / "snapshot-00000.h5").string()) &&
                   Catch::Contains("disk"));
    CHECK(files_in(partial.front(), ".h5").empty());
    Ended const resumed = run(sweep.command("run", {"--trials.count=1"}));
    INFO(resumed.text());
    CHECK(resumed.code == 0);
    CHECK(sweep.chains().size() == 1);
}

TEST_CASE("training that diverges ends with the code of failed blocks", "[bad_environment]")
{
    Sweep const sweep(small_job);
    Ended const ended = run(sweep.command("run", {"--train.generator_rate=1e30"}));
    INFO(ended.text());
    CHECK(ended.code == 5);
    CHECK_THAT(ended.errors, Catch::Contains("error training of dcgan k=5: snapshot 1: a "
                                             "value in fc1.weight is "));
    CHECK_THAT(ended.errors,
               Catch::Contains("surf_sweep: error: 8 of 8 blocks could not be computed"));
    CHECK(sweep.chains().empty());
    CHECK(sweep.segments().empty());

    // Who comes later finds why there is nothing: in status, in the plan, in the results.
    auto const command = [&](std::string const& name, std::string const& option) {
        Ended found = run(sweep.command(name, {"--train.generator_rate=1e30", option}));
        INFO(found.text());
        CHECK(found.code == 0);
        return found.output;
    };
    auto const chain = nlohmann::json::parse(command("status", "--json"))["chains"][0];
    CHECK(chain["state"] == "diverged");
    std::string const reason = chain["reason"];
    CHECK_THAT(reason, Catch::StartsWith("snapshot 1: a value in fc1.weight is "));
    std::string const line = fmt::format("dcgan k=5 of sweep, chain {}: {}",
                                         chain["id"].get<std::string>().substr(0, 8), reason);
    CHECK_THAT(command("status", "--seed=7"), Catch::Contains("\ndiverged: " + line + "\n"));
    CHECK_THAT(command("plan", "--seed=7"), Catch::Contains("\ndiverged: " + line + "\n"));
    surf::h5::FileReader const results(sweep.results());
    CHECK(results.root().group("provenance").attribute<std::string>("failed_chains") == line);
    CHECK(run(surf_sweep({"validate", sweep.results().string()})).code == 0);
}

TEST_CASE("too little memory is named as such", "[bad_environment]")
{
    Sweep const sweep(small_job);
    Command shell{"sh", "-c", "", "sh"};
    std::ranges::copy(sweep.command("run"), std::back_inserter(shell));
    int named = 0;
    for (int const kilobytes : {500'000, 700'000, 900'000})  // that of a small run is in between
    {
        shell[2] = fmt::format("ulimit -v {}; exec \"$@\"", kilobytes);
        Ended const ended = run(shell);
        INFO(ended.text());
        constexpr int not_loaded = 127;
        CHECK((ended.code == 3 || ended.code == 0 || ended.code == not_loaded));
        CHECK(error_lines(ended.errors) == (ended.code == 3 ? 1 : 0));
        named += ended.errors.find("not enough memory on ") != std::string::npos ? 1 : 0;
    }
    CHECK(named > 0);
    check_resumption(sweep);
}

TEST_CASE("a run whose output folder is taken away ends at once", "[bad_environment]")
{
    Sweep const sweep(small_job);
    fs::path const elsewhere = sweep.output().string() + "-moved";
    RunningProgram program(
        sweep.command("run", {"--trials.count=400", "--stop.max_iterations=400"}));
    program.wait_until([&] { return sweep.segments().size() > 1; });
    fs::rename(sweep.output(), elsewhere);
    Ended const ended = program.wait();
    INFO(ended.text());
    CHECK(ended.code == 3);
    CHECK_THAT(ended.errors,
               Catch::Contains("output = " + sweep.output().string() +
                               ": the folder or its .lock was removed or renamed under the run"));
    CHECK_FALSE(fs::exists(sweep.output()));
    CHECK(files_in(elsewhere / "segments", ".h5").size() < 200);
    fs::rename(elsewhere, sweep.output());
    CHECK_FALSE(sweep.status().empty());
}

TEST_CASE("a run that hangs in reading ends soon after it is asked to", "[bad_environment]")
{
    Sweep const sweep(small_job);
    ScratchFolder const data;
    fs::path const never_written = data.path / "train-images-idx3-ubyte";
    REQUIRE(::mkfifo(never_written.c_str(), 0600) == 0);
    RunningProgram program(sweep.command("run", {"--data", data.path.string()}));
    int writer = -1;
    program.wait_until([&] {
        writer = ::open(never_written.c_str(), O_WRONLY | O_NONBLOCK);
        return writer >= 0;  // once there is a reader
    });
    program.send(SIGTERM);
    Ended const ended = program.wait();
    ::close(writer);
    INFO(ended.text());
    CHECK(ended.code == 75);
    CHECK_THAT(ended.errors, Catch::Contains("was asked to stop and did not in time"));
}

TEST_CASE("threads that the environment withholds are refused, where a training would hang",
          "[bad_environment]")
{
    for (std::string const variable : {"OMP_THREAD_LIMIT=1", "OMP_MAX_ACTIVE_LEVELS=0"})
    {
        Sweep const sweep(small_job);
        Command command = sweep.command("run", {"--train.threads=2"});
        command.insert(command.begin(), {"env", variable});
        Ended const ended = run(command);
        INFO(ended.text());
        CHECK(ended.code == 3);
        CHECK_THAT(ended.errors,
                   Catch::Contains("2 compute threads are asked for and 1 are there") &&
                       Catch::Contains("set train.threads = 1"));
        CHECK(sweep.chains().empty());
    }
}

TEST_CASE("a reader who has had enough stops the printing, not the run", "[bad_environment]")
{
    Sweep const sweep(small_job);
    std::string line;
    for (std::string const& word : sweep.command("run"))
    {
        line += "'" + word + "' ";
    }
    // It is gone before anything is printed.
    Ended const ended = run({"bash", "-c", line + "| true; exit ${PIPESTATUS[0]}"});
    INFO(ended.text());
    CHECK(ended.code == 0);
    check_same_results(finished(small_job), sweep);
}

TEST_CASE("help and version need nothing", "[bad_environment]")
{
    ScratchFolder const scratch;
    for (std::string const word : {"help", "--help"})
    {
        Ended const ended = run(surf_sweep({word}), scratch.path);
        INFO(ended.text());
        CHECK(ended.code == 0);
        CHECK_THAT(ended.output, Catch::StartsWith("Usage: surf_sweep [COMMAND]"));
        CHECK_THAT(ended.output, Catch::Contains("exit-codes"));
        CHECK(ended.errors.empty());
    }
    CHECK_THAT(run(surf_sweep({"help", "exit-codes"}), scratch.path).output,
               Catch::Contains("75         stopped by a signal"));
    for (std::string const word : {"version", "--version"})
    {
        Ended const ended = run(surf_sweep({word}), scratch.path);
        INFO(ended.text());
        CHECK(ended.code == 0);
        CHECK_THAT(ended.output, Catch::StartsWith("surf_sweep 0."));
        CHECK(ended.errors.empty());
    }
    CHECK(fs::is_empty(scratch.path));
}
