#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "app/options.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;
namespace fs = std::filesystem;

namespace
{

/// A job file with every key, none at its default.
constexpr char const* full_job = R"(# a comment
seed = 18446744073709551615
output = some folder/x
data = /data

[train]
models = dcgan , vae   # blanks and comments do not count
latent_dims = 2,784
intervals = 3
steps_per_snapshot = 7
threads = 1
batch = 32
generator_rate = 0.002
discriminator_rate = 1e-05

[trials]
tasks = recovery,inversion
measurements = 10,784
methods = surfing,adam
count = 12
block_size = 5

[adam]
learning_rate = 0.1
beta1 = 0
beta2 = 0.99
epsilon = 1e-06

[stop]
relative_change = 0.001
window = 50
relative_target = 0
max_iterations = 50
success_distance = 0.02

[surfing]
schedule = geometric
ratio = 0.5
adam_state = reset
)";

void write_file(fs::path const& path, std::string const& text)
{
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

/// The current folder, for the life of the object.
class WorkingFolder
{
  public:
    explicit WorkingFolder(fs::path const& folder) : before_(fs::current_path())
    {
        fs::current_path(folder);
    }
    ~WorkingFolder() { fs::current_path(before_); }
    WorkingFolder(WorkingFolder const&) = delete;
    WorkingFolder& operator=(WorkingFolder const&) = delete;

  private:
    fs::path before_;
};

}  // namespace

TEST_CASE("every key of a job file reaches the job", "[job]")
{
    Job const job = parse_job(full_job, "full.ini");
    CHECK(job.seed == 18446744073709551615U);
    CHECK(job.output == "some folder/x");
    CHECK(job.data == "/data");
    CHECK(job.train.models == std::vector{model::ModelKind::dcgan, model::ModelKind::vae});
    CHECK(job.train.latent_dims == std::vector<std::int64_t>{2, 784});
    CHECK(job.train.intervals == 3);
    CHECK(job.train.steps_per_snapshot == 7);
    CHECK(job.train.threads == 1);
    train::Hyperparameters const hyper = job.train.hyperparameters(model::ModelKind::dcgan);
    CHECK(hyper.batch == 32);
    CHECK(hyper.generator_rate == 0.002);
    CHECK(hyper.discriminator_rate == 1e-5);
    CHECK(hyper.beta1 == 0.5);  // the preset's
    CHECK(job.trials.tasks == std::vector{trial::Task::recovery, trial::Task::inversion});
    CHECK(job.trials.measurements == std::vector<std::int64_t>{10, 784});
    CHECK(job.trials.methods == std::vector{trial::Method::surfing, trial::Method::adam});
    CHECK(job.trials.count == 12);
    CHECK(job.trials.block_size == 5);
    CHECK(job.adam.learning_rate == 0.1);
    CHECK(job.adam.beta1 == 0);
    CHECK(job.adam.beta2 == 0.99);
    CHECK(job.adam.epsilon == 1e-6);
    CHECK(job.stop.relative_change == 0.001);
    CHECK(job.stop.window == 50);
    CHECK(job.stop.relative_target == 0);
    CHECK(job.stop.max_iterations == 50);
    CHECK(job.stop.success_distance == 0.02);
    CHECK(job.surfing.schedule == trial::Schedule::geometric);
    CHECK(job.surfing.ratio == 0.5);
    CHECK(job.surfing.adam_state == trial::AdamState::reset);
}

TEST_CASE("the text of a job reads back as the same job", "[job]")
{
    for (std::string const text :
         {full_job, "", "[trials]\nmethods = adam\n", "[train]\nmodels = vae\n",
          "[surfing]\nschedule = linear\n", "[trials]\ntasks = recovery\nmeasurements = 50\n"})
    {
        INFO(text);
        std::string const first = parse_job(text, "first").text();
        CHECK(parse_job(first, "second").text() == first);
    }
    std::string const text = parse_job(full_job, "full.ini").text();
    for (JobKey const& key : job_keys())
    {
        INFO(key.name);
        CHECK(fmt::format("\n{}", text).find(fmt::format("\n{} = ", key.leaf())) !=
              std::string::npos);
    }
}

TEST_CASE("the text of a job leaves out what means nothing in it", "[job]")
{
    std::string const text =
        parse_job("[train]\nmodels = vae\n[trials]\nmethods = adam\n", "job").text();
    CHECK(text.find("[surfing]") == std::string::npos);
    CHECK(text.find("discriminator_rate") == std::string::npos);
    CHECK(text.find("measurements") == std::string::npos);
    CHECK(text.find("[stop]") != std::string::npos);
}

TEST_CASE("the command line wins over the job file", "[options]")
{
    test::ScratchFolder const folder;
    fs::path const file = folder.path / "table.ini";
    write_file(file, full_job);
    Options const options = parse_options(
        {"plan", "--job", file.string(), "--seed", "5", "--trials.count=3", "--device", "cpu"});
    CHECK(options.command == Command::plan);
    CHECK(options.job_file == file);
    CHECK(options.job.seed == 5);
    CHECK(options.job.trials.count == 3);
    CHECK(options.job.trials.block_size == 5);
    CHECK(options.device == model::DeviceChoice::cpu);
}

TEST_CASE("what is not given has its default", "[options]")
{
    test::ScratchFolder const folder;
    fs::path const file = folder.path / "empty.ini";
    write_file(file, "# nothing\n");
    Options const options = parse_options({"--job", file.string()});
    CHECK(options.command == Command::run);
    CHECK(options.device == model::DeviceChoice::automatic);
    CHECK(options.format == Format::table);
    CHECK(options.log_level == "info");
    CHECK(options.job.output == "sweeps/empty");
    CHECK(options.job.text() == R"(seed = 1
output = sweeps/empty
data = /usr/share/datasets/fashion-mnist

[train]
models = vae,dcgan
preset = collection
latent_dims = 5,10,20
intervals = 100
steps_per_snapshot = 40
threads = 2

[trials]
tasks = inversion
methods = adam,surfing
count = 300
block_size = 100

[adam]
learning_rate = 0.01
beta1 = 0.9
beta2 = 0.999
epsilon = 1e-08

[stop]
relative_change = 0.0001
window = 200
relative_target = 1e-12
max_iterations = 50000
success_distance = 0.01

[surfing]
schedule = geometric
ratio = 0.95
adam_state = keep
)");
}

TEST_CASE("status and reduce find the job that a run left in its output folder", "[options]")
{
    test::ScratchFolder const folder;
    write_file(folder.path / "job.ini", "seed = 9\noutput = elsewhere\n");
    Options const options = parse_options({"status", "--json", "--output", folder.path.string()});
    CHECK(options.command == Command::status);
    CHECK(options.format == Format::json);
    CHECK(options.job_file == folder.path / "job.ini");
    CHECK(options.job.seed == 9);
    CHECK(options.job.output == folder.path);  // the folder may have been moved
    CHECK(parse_options({"reduce", "--output", folder.path.string()}).job.seed == 9);
}

TEST_CASE("without arguments the demo job is run", "[options]")
{
    WorkingFolder const source(SURF_SOURCE_DIR);
    Options const options = parse_options({});
    CHECK(options.command == Command::run);
    CHECK(options.job_file == "jobs/demo.ini");
    CHECK(options.job.output == "demo");
}

TEST_CASE("commands that read no job need none", "[options]")
{
    test::ScratchFolder const folder;
    WorkingFolder const empty(folder.path);
    CHECK(parse_options({"validate", "x.h5"}).file == "x.h5");
    CHECK(parse_options({"version"}).command == Command::version);
    CHECK(parse_options({"--version"}).command == Command::version);
    CHECK(parse_options({"--help"}).command == Command::help);
    CHECK(parse_options({"plan", "--help", "--seed", "3"}).command == Command::help);
}

TEST_CASE("the help text lists every command, key, default and exit code", "[options]")
{
    std::string const help = help_text();
    for (JobKey const& key : job_keys())
    {
        INFO(key.name);
        CHECK(help.find(fmt::format("--{} ", key.name)) != std::string::npos);
    }
    for (CommandEntry const& command : command_table)
    {
        CHECK(help.find(fmt::format("\n  {:<10} {}", command.name, command.description)) !=
              std::string::npos);
    }
    CHECK(help.find("[vae,dcgan]") != std::string::npos);
    CHECK(help.find("\n  75 ") != std::string::npos);
}
