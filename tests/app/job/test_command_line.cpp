#include <catch2/catch.hpp>
#include <filesystem>

#include "app/job/options.hpp"
#include "app/job/output_notes.hpp"
#include "app/working_folder.hpp"
#include "base/pending_file.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;
namespace fs = std::filesystem;

TEST_CASE("status and reduce find the job that a run left in its output folder", "[command_line]")
{
    test::ScratchFolder const folder;
    publish_note(folder.path / "job.ini", "seed = 9\noutput = elsewhere\n");
    Options const options = parse_options({"status", "--json", "--output", folder.path.string()});
    CHECK(options.command == Command::status);
    CHECK(options.format == Format::json);
    CHECK(options.job_file == folder.path / "job.ini");
    CHECK(options.job.seed == 9);
    CHECK(options.job.output == folder.path);  // the folder may have been moved
    CHECK(options.job.chains == folder.path / "chains");
    CHECK(parse_options({"reduce", "--output", folder.path.string()}).job.seed == 9);
}

TEST_CASE("show is told of a cell and a trial, and nothing else is", "[command_line]")
{
    test::ScratchFolder const folder;
    publish_note(folder.path / "job.ini", "seed = 9\n");
    std::string const output = folder.path.string();
    Options const bare = parse_options({"show", output});
    CHECK(bare.command == Command::show);
    CHECK(bare.job.seed == 9);
    CHECK(bare.show.cell.empty());
    CHECK(bare.show.trial == 0);
    Options const full = parse_options({"show", output, "--cell", "0a1b", "--trial=17"});
    CHECK(full.show.cell == "0a1b");
    CHECK(full.show.trial == 17);
    CHECK_THROWS_WITH(parse_options({"show", output, "--trial=-1"}),
                      Catch::Contains("command line: trial = -1: "));
    CHECK_THROWS_WITH(parse_options({"status", output, "--trial=1"}),
                      Catch::Contains("trial: only the command show picks a trial"));
    CHECK_THROWS_WITH(parse_options({"status", output, "--cell=1"}),
                      Catch::Contains("cell: only the command show picks a trial"));
}

TEST_CASE("the word behind a command is its job file or its output folder", "[command_line]")
{
    test::ScratchFolder const folder;
    fs::path const file = folder.path / "table.ini";
    publish_text(file, "\xEF\xBB\xBFseed = 3\n[trials]\ncount = 1e3\n");  // with UTF-8's mark
    Options const plan = parse_options({"plan", file.string(), "--trials.block_size=2.5e1"});
    CHECK(plan.job_file == file);
    CHECK(plan.job.seed == 3);
    CHECK(plan.job.experiments[0].trials.count == 1000);
    CHECK(plan.job.experiments[0].trials.block_size == 25);
    CHECK(parse_options({"status", file.string(), "--watch"}).watches);

    publish_note(folder.path / "job.ini", "seed = 9\noutput = elsewhere\n");
    Options const status = parse_options({"status", folder.path.string()});
    CHECK(status.job.seed == 9);
    CHECK(status.job.output == folder.path);
}

TEST_CASE("without arguments the demo job is run", "[command_line]")
{
    test::WorkingFolder const source(SURF_SOURCE_DIR);
    Options const options = parse_options({});
    CHECK(options.command == Command::run);
    CHECK(options.job_file == "jobs/demo.ini");
    CHECK(options.job.output == "demo");
}

TEST_CASE("commands that read no job need none", "[command_line]")
{
    test::ScratchFolder const folder;
    test::WorkingFolder const empty(folder.path);
    CHECK(parse_options({"validate", "x.h5", "y.h5"}).files ==
          std::vector<std::filesystem::path>{"x.h5", "y.h5"});
    CHECK(parse_options({"version"}).command == Command::version);
    CHECK(parse_options({"--version"}).command == Command::version);
    CHECK(parse_options({"--help"}).command == Command::help);
    CHECK(parse_options({"plan", "--help", "--seed", "3"}).command == Command::help);
}
