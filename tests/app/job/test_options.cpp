#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "app/job/job_keys.hpp"
#include "app/job/options.hpp"
#include "support/models.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;
namespace fs = std::filesystem;
namespace models = surf::test::models;

namespace
{

/// A job file with every key that goes with the others, none at its default.
constexpr char const* full_job = R"(# a comment
seed = 9000000000000000000
output = some folder/x
chains = shared chains
data = /data

[train]
models = wgan , vae, wgan-gp   # blanks and comments do not count
seeds = 3,4
latent_dims = 2,784
intervals = 3
steps_per_snapshot = 7
threads = 1
batch = 32
preset = published
optimiser = adam
generator_rate = 0.002
discriminator_rate = 1e-05
beta1 = 0.25
beta2 = 0.75
epsilon = 1e-07
critic_steps = 2
clip = 0.02
gradient_penalty = 3
penalty_mixing = pixel
penalty_norm = column
critic_norm = batch
encoder_spread = softplus
weight_deviation = 0.03

[trials]
seed = 5
tasks = recovery,inversion,approximation
operator = mask
measurements = 10,784
draw = shared
noise = 0.125
target_scale = 1.5
methods = projected,restarts,surfing,adam,surfing-lm,lm
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
adam_state = keep
budget = steps

[restarts]
budget = 4000

[polish]
by = lm
relative_change = 0.25

[lm]
jacobian = secant
refresh_below = 0.125
damping = 0.5
decrease = 0.75
increase = 8
max_step = 2
max_damping = 1000
window = 9
max_steps = 99

[surfing_lm]
schedule = adaptive
every = 4
steps = 3
attempts = 2

[projected]
slack = 0.02
max_pieces = 32
rounds = 3
step_tolerance = 1e-5
max_steps = 500
starts = 2
first_snapshot = 1

[theory]
latent_dim = 3
hidden_layers = 1
expansions = 2.5,5
output_factor = 2
measurements = 7
target_norms = 0.5
radii = 1,2
networks = 4
directions = 6
climbs = 2
climb_steps = 1
)";

/// What a job cannot have together with the above.
constexpr char const* other_job = R"(experiments = surfaces,low

[low.train]
models = relu
optimiser = rmsprop
decay = 0.5
hidden_layers = 3
observation_deviation = 0.25
[low.trials]
count = 7

[surfaces.train]
latent_dims = 2
[surfaces.trials]
tasks = none
[surfaces.surface]
targets = 3
levels = 5
extent = 2.5
points = 11
)";

std::vector<std::string> key_names()
{
    std::vector<std::string> names;
    std::ranges::transform(job_keys(), std::back_inserter(names), &Key<Job>::name);
    std::ranges::transform(experiment_keys(), std::back_inserter(names), &Key<Experiment>::name);
    return names;
}

void write_file(fs::path const& path, std::string const& text)
{
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("every key of a job file reaches the job", "[job]")
{
    Job const job = parse_job(full_job, "full.ini");
    CHECK(job.seed == 9000000000000000000U);
    CHECK(job.output == "some folder/x");
    CHECK(job.chains == "shared chains");
    CHECK(job.data == "/data");
    CHECK(job.theory.expansions == std::vector<double>{2.5, 5});
    CHECK(job.theory.climbs == 2);
    CHECK(job.experiments[0].train.models ==
          std::vector<ChosenModel>{{models::wgan, {}}, {models::vae, {}}, {models::wgan_gp, {}}});
    CHECK(job.experiments[0].train.latent_dims == std::vector<std::int64_t>{2, 784});
    CHECK(job.experiments[0].train.seeds == std::vector<std::uint64_t>{3, 4});
    CHECK(job.experiments[0].trials.seed == 5U);
    CHECK(job.experiments[0].train.intervals == 3);
    CHECK(job.experiments[0].train.steps_per_snapshot == 7);
    CHECK(job.experiments[0].train.threads == 1);
    Hyperparameters const hyper = job.experiments[0].train.hyperparameters(models::wgan);
    CHECK(hyper.batch == 32);
    CHECK(hyper.generator_rate == 0.002);
    CHECK(hyper.discriminator_rate == 1e-5);
    CHECK(hyper.optimiser == Optimiser::adam);
    CHECK(hyper.beta1 == 0.25);
    CHECK(hyper.beta2 == 0.75);
    CHECK(hyper.epsilon == 1e-7);
    CHECK(hyper.critic_steps == 2);
    CHECK(hyper.clip == 0.02);
    CHECK(hyper.gradient_penalty == 3);
    CHECK(hyper.penalty_mixing == PenaltyMixing::pixel);
    CHECK(hyper.penalty_norm == PenaltyNorm::column);
    CHECK(hyper.critic_norm == TrunkNorm::batch);
    CHECK(hyper.encoder_spread == EncoderSpread::softplus);
    CHECK(hyper.weight_deviation == 0.03);
    CHECK(job.experiments[0].trials.tasks ==
          std::vector{Task::recovery, Task::inversion, Task::approximation});
    CHECK(job.experiments[0].trials.measured_by == Operator::mask);
    CHECK(job.experiments[0].trials.draw == Draw::shared);
    CHECK(job.experiments[0].trials.noise == 0.125);
    CHECK(job.experiments[0].trials.target_scale == 1.5);
    CHECK(job.experiments[0].trials.measurements == std::vector<std::int64_t>{10, 784});
    CHECK(job.experiments[0].trials.methods == std::vector{Method::projected, Method::restarts,
                                                           Method::surfing, Method::adam,
                                                           Method::surfing_lm, Method::lm});
    CHECK(job.experiments[0].trials.count == 12);
    CHECK(job.experiments[0].trials.block_size == 5);
    CHECK(job.experiments[0].adam.learning_rate == 0.1);
    CHECK(job.experiments[0].adam.beta1 == 0);
    CHECK(job.experiments[0].adam.beta2 == 0.99);
    CHECK(job.experiments[0].adam.epsilon == 1e-6);
    CHECK(job.experiments[0].stop.relative_change == 0.001);
    CHECK(job.experiments[0].stop.window == 50);
    CHECK(job.experiments[0].stop.relative_target == 0);
    CHECK(job.experiments[0].stop.max_iterations == 50);
    CHECK(job.experiments[0].stop.success_distance == 0.02);
    CHECK(job.experiments[0].surfing.schedule == Schedule::geometric);
    CHECK(job.experiments[0].surfing.ratio == 0.5);
    CHECK(job.experiments[0].surfing.adam_state == AdamState::keep);
    CHECK(job.experiments[0].surfing.budget == SurfingBudget::steps);
    CHECK((job.experiments[0].restarts == RestartSettings{.evaluations = 4000}));
    CHECK(job.experiments[0].polish.by == Polish::lm);
    CHECK(job.experiments[0].polish.relative_change == 0.25);
    CHECK(job.experiments[0].lm.jacobian == JacobianUpdate::secant);
    CHECK(job.experiments[0].lm.refresh_below == 0.125);
    CHECK(job.experiments[0].lm.damping == 0.5);
    CHECK(job.experiments[0].lm.decrease == 0.75);
    CHECK(job.experiments[0].lm.increase == 8);
    CHECK(job.experiments[0].lm.max_step == 2);
    CHECK(job.experiments[0].lm.max_damping == 1000);
    CHECK(job.experiments[0].lm.window == 9);
    CHECK(job.experiments[0].lm.max_steps == 99);
    CHECK(job.experiments[0].surfing_lm.every == 4);
    CHECK(job.experiments[0].surfing_lm.steps == 3);
    CHECK(job.experiments[0].surfing_lm.schedule == LmSchedule::adaptive);
    CHECK(job.experiments[0].surfing_lm.attempts == 2);
    auto const& projected = job.experiments[0].projected;
    CHECK(projected.slack == 0.02);
    CHECK(projected.max_pieces == 32);
    CHECK(projected.rounds == 3);
    CHECK(projected.step_tolerance == 1e-5);
    CHECK(projected.max_steps == 500);
    CHECK(projected.starts == 2);
    CHECK(projected.first_snapshot == 1);
}

TEST_CASE("the text of a job reads back as the same job", "[job]")
{
    for (std::string const text :
         {full_job, other_job, "", "[trials]\nmethods = adam\n", "[train]\nmodels = vae\n",
          "[surfing]\nschedule = linear\n", "[trials]\nmethods = lm,surfing-lm\n",
          "[polish]\nby = lm\n", "[trials]\ntasks = recovery\nmeasurements = 50\n",
          "[trials]\nmethods = lm,restarts-lm\n[restarts]\nbudget = lm\n",
          "[trials]\nmethods = surfing-lm,restarts-lm\n[restarts]\nbudget = family\n"})
    {
        INFO(text);
        std::string const first = parse_job(text, "first").text();
        CHECK(parse_job(first, "second").text() == first);
    }
    std::string const text =
        parse_job(full_job, "full.ini").text() + parse_job(other_job, "other.ini").text();
    for (std::string const& name : key_names())
    {
        INFO(name);
        CHECK(fmt::format("\n{}", text).find(fmt::format("\n{} = ", leaf_of(name))) !=
              std::string::npos);
    }
}

TEST_CASE("an experiment has its own settings, and shares the others", "[job]")
{
    Job const job = parse_job(R"(experiments = a,b
[train]
latent_dims = 7
[trials]
count = 12
[b.trials]
count = 99
tasks = recovery
measurements = 50
)",
                              "x.ini");
    REQUIRE(job.experiments.size() == 2);
    CHECK(job.experiments[0].name == "a");
    CHECK(job.experiments[0].trials.count == 12);
    CHECK(job.experiments[0].trials.measurements.empty());
    CHECK(job.experiments[1].name == "b");
    CHECK(job.experiments[1].trials.count == 99);
    CHECK(job.experiments[1].trials.tasks == std::vector{Task::recovery});
    for (Experiment const& experiment : job.experiments)
    {
        CHECK(experiment.train.latent_dims == std::vector<std::int64_t>{7});
    }
}

TEST_CASE("an option wins over the experiments' own settings", "[options]")
{
    test::ScratchFolder const folder;
    fs::path const file = folder.path / "two.ini";
    write_file(file, "experiments = a,b\n[a.trials]\ncount = 5\n[trials]\ncount = 6\n");
    Job const job = parse_options({"plan", "--job", file.string(), "--trials.count=3"}).job;
    CHECK(job.experiments[0].trials.count == 3);
    CHECK(job.experiments[1].trials.count == 3);
}

TEST_CASE("an option chooses among the experiments of the file", "[options]")
{
    test::ScratchFolder const folder;
    fs::path const file = folder.path / "two.ini";
    write_file(file, "experiments = a,b\n[a.trials]\ncount = 5\n[b.trials]\ncount = 6\n");
    Job const job = parse_options({"plan", "--job", file.string(), "--experiments=b"}).job;
    REQUIRE(job.experiments.size() == 1);
    CHECK(job.experiments[0].name == "b");
    CHECK(job.experiments[0].trials.count == 6);
    CHECK_THROWS_AS(parse_options({"plan", "--job", file.string(), "--experiments=c"}), InputError);
}

TEST_CASE("what experiments share may be for others than those chosen", "[options]")
{
    test::ScratchFolder const folder;
    fs::path const file = folder.path / "two.ini";
    write_file(file,
               "experiments = drawn,tried\n[train]\nlatent_dims = 2\n[trials]\ncount = 5\n"
               "[drawn.trials]\ntasks = none\n[drawn.surface]\ntargets = 1\n");
    auto const plan = [&](std::string const& experiment, std::string const& option) {
        return parse_options({"plan", "--job", file.string(), "--experiments", experiment, option});
    };
    CHECK(plan("drawn", "--seed=1").job.experiments.size() == 1);
    CHECK(plan("tried", "--trials.count=3").job.experiments[0].trials.count == 3);
    // An option is for those chosen, and a combination of others does not matter.
    CHECK_THROWS_AS(plan("drawn", "--trials.count=3"), InputError);
    CHECK(plan("tried", "--train.latent_dims=7").job.experiments.size() == 1);
    CHECK_THROWS_AS(plan("drawn", "--train.latent_dims=7"), InputError);
}

TEST_CASE("a job for theory alone has no experiments", "[job]")
{
    Job const job = parse_job("experiments = none\n[theory]\nnetworks = 3\n", "x.ini");
    CHECK(job.experiments.empty());
    CHECK(job.theory.networks == 3);
    CHECK(parse_job(job.text(), "again").text() == job.text());
    CHECK_THROWS_AS(parse_job("experiments = none\n[train]\nclip = 1\n", "x.ini"), InputError);
}

TEST_CASE("the text of a job leaves out what means nothing in it", "[job]")
{
    std::string const text =
        parse_job("[train]\nmodels = vae\n[trials]\nmethods = adam\n", "job").text();
    CHECK(text.find("[surfing]") == std::string::npos);
    CHECK(text.find("discriminator_rate") == std::string::npos);
    CHECK(text.find("noise") == std::string::npos);
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
    CHECK(options.job.experiments[0].trials.count == 3);
    CHECK(options.job.experiments[0].trials.block_size == 5);
    CHECK(options.device == model::DeviceChoice::cpu);
}

TEST_CASE("what is not given has its default", "[options]")
{
    test::ScratchFolder const folder;
    fs::path const file = folder.path / "empty.ini";
    write_file(file, "seed = 1\n");
    Options const options = parse_options({"--job", file.string()});
    CHECK(options.command == Command::run);
    CHECK(options.device == model::DeviceChoice::automatic);
    CHECK(options.format == Format::table);
    CHECK(options.log_level == "info");
    CHECK(options.job.output == "sweeps/empty");
    CHECK(options.job.text() == R"(seed = 1
output = sweeps/empty
data = /usr/share/datasets/fashion-mnist
trainers = 0

[train]
models = vae,dcgan,wgan,wgan-gp
preset = collection
latent_dims = 5,10,20
intervals = 100
steps_per_snapshot = 40
threads = 2

[trials]
tasks = inversion
target_scale = 1
methods = adam,surfing
count = 300
block_size = 100
precision = float32

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
adam_state = reset
budget = first_hits

[polish]
by = none

[surface]
targets = 0
)");
}

TEST_CASE("~ begins a path in the home folder", "[options]")
{
    std::string const home = std::getenv("HOME");
    Job const job = parse_job("output = ~/x/y\ndata = ~\nchains = a~b $ c\n", "x.ini");
    CHECK(job.output == home + "/x/y");
    CHECK(job.data == home);
    CHECK(job.chains == "a~b $ c");
    CHECK(parse_job(job.text(), "again").output == job.output);
}
