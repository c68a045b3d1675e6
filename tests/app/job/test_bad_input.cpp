#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "app/job/options.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;

namespace
{

/// The one-line error that the action gives.
template <class Action>
std::string error_of(Action const& action)
{
    try
    {
        action();
    }
    catch (InputError const& error)
    {
        CHECK(error.code() == ExitCode::bad_input);
        CHECK(std::string(error.what()).find('\n') == std::string::npos);
        return error.what();
    }
    return "accepted";
}

struct BadJob
{
    std::string text;
    std::string error;  ///< how the error begins
};

/// A job file that is one line in one section.
BadJob bad(std::string const& section, std::string const& line, std::string const& why)
{
    return {fmt::format("[{}]\n{}\n", section, line),
            fmt::format("x.ini: {}.{}: {}", section, line, why)};
}

std::string const no_surfing = "[trials]\nmethods = adam\n[surfing]\n";

}  // namespace

TEST_CASE("a bad job file is refused by key and value", "[job]")
{
    std::string const whole = "must be a whole number of at least 1 and at most ";
    BadJob const jobs[] = {
        // Unknown, misplaced and repeated names.
        {"sed = 1\n", "x.ini: sed: unknown key; did you mean seed?"},
        {"models = vae\n", "x.ini: models: unknown key; did you mean train.models?"},
        {"[train]\nmodel = vae\n", "x.ini: train.model: unknown key; did you mean train.models?"},
        {"[train]\ncount = 3\n", "x.ini: train.count: unknown key; did you mean trials.count?"},
        {"[tain]\nmodels = vae\n",
         "x.ini: tain.models: unknown section [tain]; did you mean train.models?"},
        {"job = y.ini\n", "x.ini: job: unknown key"},
        {"telescope = 1\n", "x.ini: telescope: unknown key; surf_sweep help keys lists"},
        {"[train]\nmod = vae\n", "x.ini: train.mod: unknown key"},  // no abbreviations
        {"[stop]\nwindow = 300\nwindow = 300\n", "x.ini: stop.window: given twice"},
        {"[adam]\nbeta1 = 0.5\n[train]\nmodels = vae\n[adam]\nbeta1 = 0.5\n",
         "x.ini: adam.beta1: given twice"},
        {"seed\n", "x.ini: "},
        // Not numbers.
        {"seed = -1\n", "x.ini: seed = -1: must be a whole number of at least 0"},
        {"seed = 1.5\n", "x.ini: seed = 1.5: must be a whole number"},
        {"seed = 0x10\n", "x.ini: seed = 0x10: must be a whole number"},
        {"seed = 18446744073709551616\n", "x.ini: seed = 18446744073709551616: must be"},
        {"seed =\n", "x.ini: seed = : must be a whole number"},
        bad("train", "intervals = 40x", whole + "100000"),
        bad("train", "intervals = forty", whole),
        bad("trials", "count = 1.5e0", whole),
        bad("trials", "count = -1e3", whole),
        bad("trials", "count = 1e8", whole),
        {"seed = 1e17\n",
         "x.ini: seed = 1e17: must be a whole number"},  // no double is exact there
        {"seed = nan\n", "x.ini: seed = nan: must be a whole number"},
        bad("trials", "count = 99999999999999999999", whole),
        bad("adam", "learning_rate = 0.01f", "must be a decimal number above 0"),
        bad("adam", "learning_rate = 0,01", "must be a decimal number above 0"),
        // Out of range.
        bad("train", "intervals = 0", whole),
        bad("train", "steps_per_snapshot = 0", whole),
        bad("train", "latent_dims = 0", whole + "10000000"),
        bad("train", "latent_dims = 10000001", whole + "10000000"),
        bad("train", "threads = 0", whole + "1024"),
        bad("train", "threads = 1025", whole + "1024"),
        bad("train", "batch = 1", "must be a whole number of at least 2 and at most 60000"),
        bad("train", "batch = 60001", "must be a whole number of at least 2 and at most 60000"),
        bad("train", "generator_rate = 0", "must be a decimal number above 0"),
        bad("train", "discriminator_rate = -1e-3", "must be a decimal number above 0"),
        bad("trials", "count = 0", whole),
        bad("trials", "block_size = 0", whole),
        bad("trials", "measurements = 0", whole + "10000000"),
        bad("trials", "measurements = 10000001", whole + "10000000"),
        bad("adam", "learning_rate = 0", "must be a decimal number above 0"),
        bad("adam", "learning_rate = -0.01", "must be a decimal number above 0"),
        bad("adam", "learning_rate = nan", "must be a decimal number above 0"),
        bad("adam", "learning_rate = inf", "must be a decimal number above 0"),
        bad("adam", "learning_rate = 1e999", "must be a decimal number above 0"),
        bad("adam", "beta1 = 1", "must be a decimal number of at least 0 and below 1"),
        bad("adam", "beta2 = -0.1", "must be a decimal number of at least 0 and below 1"),
        bad("adam", "epsilon = 0", "must be a decimal number above 0"),
        bad("stop", "relative_change = 1", "must be a decimal number of at least 0 and below 1"),
        bad("stop", "relative_target = -1", "must be a decimal number of at least 0 and below 1"),
        bad("stop", "window = 0", whole),
        bad("stop", "max_iterations = 0", whole),
        bad("stop", "success_distance = 0", "must be a decimal number above 0"),
        {"[trials]\nmethods = adam,surfing,restarts\n[restarts]\nbudget = 0\n",
         "x.ini: restarts.budget = 0: must be a whole number of at least 1"},
        {"[trials]\nmethods = adam,surfing,restarts\n[restarts]\nbudget = famly\n",
         "x.ini: restarts.budget = famly: must be family, the name of a method or a whole number"},
        {"[trials]\nmethods = adam,surfing,restarts\n[restarts]\nbudget = Surfing\n",
         "x.ini: restarts.budget = Surfing: must be family, the name of a method or a whole number "
         "of network evaluations; did you mean surfing?"},
        {"[trials]\nmethods = adam,surfing,restarts\n[restarts]\nbudget = restarts\n",
         "x.ini: restarts.budget = restarts: starts again itself; name a method that does not"},
        {"[trials]\nmethods = lm\n[restarts]\nbudget = 9\n",
         "x.ini: restarts.budget = 9: of trials.methods only restarts, restarts-lm"},
        {"[trials]\nmethods = adam,surfing,restarts-surfing\n",
         "restarts.budget: restarts-surfing and restarts-surfing-lm need more than one surfing"},
        {"[trials]\nmethods = surfing-lm,restarts-surfing-lm\n[restarts]\nbudget = 900\n"
         "[surfing_lm]\nschedule = adaptive\n",
         "x.ini: surfing_lm.schedule = adaptive: restarts-surfing-lm rides along the chain"},
        {"[train]\nseeds = 1,1\n", "x.ini: train.seeds = 1: is listed twice"},
        {"[trials]\ntasks = approximation\nmeasurements = 9\ntarget_scale = 2\n",
         "x.ini: trials.target_scale = 2: no task in trials.tasks has an x*"},
        bad("surfing", "ratio = 0", "must be a decimal number above 0 and below 1"),
        bad("surfing", "ratio = 1", "must be a decimal number above 0 and below 1"),
        // No such choice.
        bad("train", "models = gan",
            "no such choice; use one of vae, dcgan, wgan, wgan-gp, relu, or the path of a chain "
            "file (*.h5)"),
        bad("train", "models = gan.hdf5", "no such choice; use one of vae"),
        bad("train", "models = DCGAN",
            "no such choice; did you mean dcgan? There are vae, dcgan, wgan, wgan-gp, relu, or the "
            "path"),
        bad("train", "models = wgan_gp", "no such choice; did you mean wgan-gp? There are vae"),
        bad("train", "preset = mine", "no such choice; use one of collection"),
        bad("trials", "tasks = invert", "no such choice; use one of inversion, recovery"),
        bad("trials", "methods = Adam", "no such choice; did you mean adam? There are adam, surf"),
        bad("surfing", "schedule = flat", "no such choice; use one of linear"),
        bad("surfing", "adam_state = drop", "no such choice; use one of keep, reset"),
        // Lists.
        bad("train", "models = ", "the list or an element of it is empty"),
        bad("train", "latent_dims = 5,,10", "the list or an element of it is empty"),
        bad("train", "latent_dims = 5,", "the list or an element of it is empty"),
        {"[train]\nlatent_dims = 5,10,5\n", "x.ini: train.latent_dims = 5: is listed twice"},
        {"[train]\nmodels = vae,vae\n", "x.ini: train.models = vae: is listed twice"},
        {"[train]\nmodels = vae,a.h5,a.h5\n", "x.ini: train.models = a.h5: is listed twice"},
        {"[trials]\ntasks = recovery\nmeasurements = 50, 50\n",
         "x.ini: trials.measurements = 50: is listed twice"},
        {"[trials]\nmethods = adam,adam\n", "x.ini: trials.methods = adam: is listed twice"},
        // Paths.
        {"output =\n", "x.ini: output = : must be a path"},
        {"output = $HOME/x\n", "x.ini: output = $HOME/x: must be a path without variables"},
        {"chains = /a/${USER}\n", "x.ini: chains = /a/${USER}: must be a path without variables"},
        {"output = \"/tmp/x\"\n", "x.ini: output = \"/tmp/x\": must be a path without quotes"},
        {"data = 'x y'\n", "x.ini: data = 'x y': must be a path without quotes"},
        {"output = /tmp/a ; note\n",
         "x.ini: output = /tmp/a ; note: must be a path without \" ;\""},
        {"output = ~other/x\n", "x.ini: output = ~other/x: must be a path that is written out"},
        // Combinations.
        bad("trials", "methods = surfing", "surfing needs adam"),
        bad("trials", "measurements = 50", "no task in trials.tasks measures"),
        bad("trials", "tasks = recovery", "a task that measures needs counts"),
        {no_surfing + "schedule = linear\n",
         "x.ini: surfing.schedule = linear: of trials.methods only surfing"},
        {no_surfing + "ratio = 0.9\n",
         "x.ini: surfing.ratio = 0.9: of trials.methods only surfing, restarts"},
        {no_surfing + "adam_state = keep\n",
         "x.ini: surfing.adam_state = keep: of trials.methods only surfing"},
        bad("lm", "damping = 1",
            "of trials.methods only lm, surfing-lm, restarts-lm, restarts-surfing-lm, and "
            "polish.by = lm heed it"),
        bad("surfing_lm", "every = 2",
            "of trials.methods only surfing-lm, restarts-surfing-lm heed"),
        bad("polish", "relative_change = 0.1", "polish.by = none"),
        {"[trials]\nmethods = lm\n[adam]\nbeta1 = 0\n",
         "x.ini: adam.beta1 = 0: of trials.methods only adam, surfing"},
        {"[trials]\nmethods = projected,lm\nprecision = mixed\n",
         "x.ini: trials.precision = mixed: of trials.methods only adam, surfing"},
        {"[trials]\nmethods = lm\n[polish]\nby = lm\n",
         "x.ini: polish.by = lm: of trials.methods only adam, surfing"},
        {"[trials]\nmethods = lm\n[lm]\njacobian = exact\nrefresh_below = 0.1\n",
         "x.ini: lm.refresh_below = 0.1: only lm.jacobian = secant needs it"},
        {"[trials]\nmethods = lm\n[surfing_lm]\nsteps = 2\n",
         "x.ini: surfing_lm.steps = 2: of trials.methods only surfing-lm"},
        {"[trials]\nmethods = surfing-lm\n[surfing_lm]\nattempts = 3\n",
         "x.ini: surfing_lm.attempts = 3: only surfing_lm.schedule = adaptive makes attempts"},
        {"[surfing]\nschedule = linear\nratio = 0.9\n",
         "x.ini: surfing.ratio = 0.9: only surfing.schedule = geometric or adaptive has a ratio"},
        {"[projected]\nslack = 0.01\n",
         "x.ini: projected.slack = 0.01: of trials.methods only projected"},
        {"[trials]\nmethods = projected\n[projected]\nmax_pieces = 0\n",
         "x.ini: projected.max_pieces = 0: "},
        {"[train]\nintervals = 9\n[trials]\nmethods = projected\n[projected]\nfirst_snapshot = 9\n",
         "x.ini: projected.first_snapshot = 9: no later snapshot"},
        {"[trials]\nmethods = projected\n[polish]\nby = lm\n",
         "x.ini: polish.by = lm: of trials.methods only adam, surfing"},
        {"[trials]\nmethods = projected\n[polish]\nby = lm\n[lm]\ndamping = 3\n",
         "x.ini: polish.by"},
        bad("stop", "max_iterations = 199", "the window (200) is longer"),
        bad("stop", "window = 50001", "the window (50001) is longer"),
        {"[train]\nmodels = vae\ndiscriminator_rate = 1\n",
         "x.ini: train.discriminator_rate = 1: no model in train.models uses it"},
        {"[train]\nmodels = dcgan\nclip = 1\n",
         "x.ini: train.clip = 1: no model in train.models uses it"},
        bad("train", "decay = 0.5", "no model is trained by an optimiser that has it"),
        bad("trials", "methods = adam,restarts", "restarts needs surfing"),
        bad("trials", "operator = mask", "no task in trials.tasks measures"),
        {"[trials]\ntasks = recovery\noperator = identity\n",
         "x.ini: trials.operator = identity: recovery from every pixel without noise is inversion"},
        {"[trials]\ntasks = recovery\noperator = identity\nnoise = 0\n",
         "x.ini: trials.operator = identity: recovery from every pixel without noise is inversion"},
        {"[trials]\ntasks = recovery\noperator = block_average\nmeasurements = 49\ndraw = shared\n",
         "x.ini: trials.draw = shared: this trials.operator is not random"},
        bad("trials", "tasks = none", "the experiment has neither trials nor surfaces"),
        bad("trials", "noise = 0.1", "no task in trials.tasks measures"),
        {"[trials]\ntasks = recovery\nmeasurements = 9\nnoise = -1\n",
         "x.ini: trials.noise = -1: must be a decimal number of at least 0"},
        {"[surface]\ntargets = 2\n", "train.latent_dims: a surface is drawn over two latents"},
        bad("surface", "levels = 3", "there are no surfaces"),
        bad("theory", "expansions = 4,2", "must be ascending"),
        // Experiments.
        {"experiments = a b\n", "x.ini: experiments = a b: must be a name of letters"},
        {"experiments = a,a\n", "x.ini: experiments = a: is listed twice"},
        {"experiments = a\n[a.train]\nmodel = vae\n", "x.ini: a.train.model: unknown"},
        {"experiments = a\n[b.train]\nmodels = vae\n", "x.ini: b.train.models: b is no experiment"},
        {"experiments = a\n[a.trials]\nmethods = surfing\n",
         "x.ini: a.trials.methods = surfing: surfing needs adam"},
        {"experiments = a\n[a.train]\nmodels = vae\nclip = 1\n",
         "x.ini: a.train.clip = 1: no model in train.models uses it"},
    };
    for (auto const& [text, expected] : jobs)
    {
        INFO(text);
        std::string const error = error_of([&] { parse_job(text, "x.ini"); });
        CHECK_THAT(error, Catch::StartsWith(expected));
    }
}

TEST_CASE("a bad command line is refused by option and value", "[options]")
{
    test::ScratchFolder const folder;
    auto const path = [&](char const* name) { return (folder.path / name).string(); };
    std::ofstream(path("good.ini")) << "seed = 2\n";
    std::ofstream(path("bad.ini")) << "[train]\nintervals = 0\n";
    std::ofstream(path("empty.ini"));
    std::ofstream(path("comments.ini")) << "# seed = 3\n\n";
    std::ofstream(path("utf16.ini")) << std::string("\xFF\xFEs\0e\0e\0d\0", 10);
    std::ofstream(path("unmarked.ini")) << std::string("s\0e\0e\0d\0", 8);
    std::string const job = "--job=" + path("good.ini");
    struct BadLine
    {
        std::vector<std::string> arguments;
        std::string error;
    };
    BadLine const lines[] = {
        {{"go"}, "command line: command = go: no such choice; use one of run, train, plan"},
        {{"--sed=1"}, "command line: sed: unknown key; did you mean seed?"},
        {{"--loglevel", "info"}, "command line: loglevel: unknown key; did you mean log-level?"},
        {{"--trian.models=vae"}, "command line: trian.models: unknown section [trian]"},
        {{"--train.model=vae"}, "command line: train.model: unknown key"},  // no abbreviations
        {{"pln"}, "command line: command = pln: no such choice; did you mean plan? There are run"},
        {{"jobs/demo.ini"}, "command line: jobs/demo.ini: not a command; use surf_sweep run jobs/"},
        {{"--seed"}, "command line: the required argument for option '--seed' is missing"},
        {{"--json=yes"}, "command line: option '--json' does not take any arguments"},
        {{job, "--seed=1", "--seed=1"}, "command line: seed: given twice"},
        {{job, "--seed", "-1"}, "command line: seed = -1: must be a whole number"},
        {{job, "--output", "a#b"}, "command line: output = a#b: must be a path"},
        {{job, "--train.intervals=0"}, "command line: train.intervals = 0: must be"},
        {{job, "--device=gpu"}, "command line: device = gpu: no such choice; use one of auto"},
        {{job, "--json"}, "command line: json: only the command status"},
        {{job, "plan", "--json"}, "command line: json: only the command status"},
        {{job, "run", "--watch"}, "command line: watch: only the command status watches a run"},
        {{job, "plan", "--ranks=0"}, "command line: ranks = 0: must be"},
        {{job, "run", "--ranks=2"}, "command line: ranks: only the command plan"},
        {{job, "--trials.methods=surfing"},
         "command line: trials.methods = surfing: surfing needs"},
        {{"validate"}, "command line: validate: no file was named"},
        {{"validate", "a.h5", job}, "command line: job: means nothing to the command validate"},
        {{"version", "--seed=1"}, "command line: seed: means nothing to the command version"},
        {{"plan", "a.ini", "b.ini"}, "command line: b.ini: unexpected after a.ini"},
        {{"plan", "a.ini", job}, "command line: a.ini: given as --job too"},
        {{"plan", path("none.ini")}, path("none.ini") + ": there is no such job file"},
        {{"--job", path("none.ini")}, path("none.ini") + ": there is no such job file"},
        {{"--job", folder.path.string()}, folder.path.string() + ": is a folder; name a job file"},
        {{"--job", path("empty.ini")}, path("empty.ini") + ": is empty"},
        {{"--job", path("comments.ini")}, path("comments.ini") + ": says nothing but comments"},
        {{"--job", path("utf16.ini")}, path("utf16.ini") + ": is text in UTF-16"},
        {{"--job", path("unmarked.ini")}, path("unmarked.ini") + ": is text in UTF-16"},
        {{"status", path("none")},
         "command line: output = " + path("none") + ": nothing was run there"},
        {{"--job", path("bad.ini")}, path("bad.ini") + ": train.intervals = 0: must be"},
        {{"status", "--output", folder.path.string()},
         "command line: output = " + folder.path.string() + ": nothing was run there"},
        {{"reduce", "--output", path("none")},
         "command line: output = " + path("none") + ": nothing was run there"},
        {{job, "--figure3.train.models=vae"},
         "command line: figure3.train.models: an option holds for all experiments of the job"},
        {{job, "--figure3.train.model", "vae"}, "command line: figure3.train.model: unknown"},
    };
    for (auto const& [arguments, expected] : lines)
    {
        INFO(fmt::format("{}", fmt::join(arguments, " ")));
        std::string const error = error_of([&] { parse_options(arguments); });
        CHECK_THAT(error, Catch::StartsWith(expected));
    }
}

TEST_CASE("a missing demo job is explained", "[options]")
{
    test::ScratchFolder const folder;
    auto const before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path);
    std::string const error = error_of([] { parse_options({}); });
    std::filesystem::current_path(before);
    CHECK_THAT(error, Catch::StartsWith("jobs/demo.ini: not found from " + folder.path.string()));
}
