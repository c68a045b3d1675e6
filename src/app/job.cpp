#include "app/job.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace surf::app
{
namespace
{

using model::ModelKind;
using trial::Method;
using trial::Schedule;

Range at_least(double low, double high = Range{}.high)
{
    return {low, high, End::included, End::included};
}

Range above(double low)
{
    return {low, Range{}.high, End::excluded, End::included};
}

Range from_to_below(double low, double high)
{
    return {low, high, End::included, End::excluded};
}

Range between(double low, double high)
{
    return {low, high, End::excluded, End::excluded};
}

Range const any = {};
Range const pixels = at_least(1, model::image_size);
Range const positive = above(0);
Range const beta = from_to_below(0, 1);
// The upper limit keeps products of two counts far from overflow and a plan in memory.
Range const counts = at_least(1, 1e7);

// Why a key means nothing in a job. ---------------------------------------------------------------

std::string_view always_meant(Job const&)
{
    return "";
}

std::string_view no_discriminator(Job const& job)
{
    bool const only_vae = std::ranges::all_of(
        job.train.models, [](ModelKind model) { return model == ModelKind::vae; });
    return only_vae ? "no model in train.models has a discriminator; leave the key out" : "";
}

std::string_view no_measuring_task(Job const& job)
{
    return std::ranges::any_of(job.trials.tasks, trial::measures)
               ? ""
               : "no task in trials.tasks measures; leave the key out or add recovery";
}

std::string_view no_surfing(Job const& job)
{
    return job.uses(Method::surfing)
               ? ""
               : "surfing is not among trials.methods; leave the key out or add surfing";
}

std::string_view no_ratio(Job const& job)
{
    return job.surfing.schedule == Schedule::geometric
               ? no_surfing(job)
               : "only surfing.schedule = geometric has a ratio; leave the key out";
}

// Keys. -------------------------------------------------------------------------------------------

/// The member of a job that a path of member pointers leads to.
template <class... Members>
auto at(Members... members)
{
    return [members...](auto& job) -> auto&
    {
        return (job.*....*members);
    };
}

template <class Get>
JobKey key(std::string name, std::string help, Get get, Range range,
           std::string_view (*pointless)(Job const&) = always_meant)
{
    return {std::move(name), std::move(help),
            [get, range](Job& job, Setting const& setting) { read(setting, range, get(job)); },
            [get](Job const& job) { return write(get(job)); }, pointless};
}

std::vector<JobKey> make_keys()
{
    constexpr auto train = &Job::train;
    constexpr auto trials = &Job::trials;
    constexpr auto adam = &Job::adam;
    constexpr auto stop = &Job::stop;
    constexpr auto surfing = &Job::surfing;
    using trial::AdamSettings;
    using trial::StopRule;
    using trial::SurfingSettings;
    return {
        key("seed", "of all random numbers", at(&Job::seed), at_least(0)),
        key("output", "folder for all that the run writes; default: sweeps/<name of the job file>",
            at(&Job::output), any),
        key("data", "folder of the Fashion-MNIST files", at(&Job::data), any),

        key("train.models", "list of " + all_names(model::model_table),
            at(train, &TrainJob::models), any),
        key("train.preset",
            "where the hyperparameters come from: " + all_names(train::preset_table),
            at(train, &TrainJob::preset), any),
        key("train.latent_dims", "list of latent dimensions k", at(train, &TrainJob::latent_dims),
            pixels),
        key("train.intervals", "T: a chain has the snapshots 0 ... T",
            at(train, &TrainJob::intervals), at_least(1, 1e5)),
        key("train.steps_per_snapshot", "training steps between two snapshots",
            at(train, &TrainJob::steps_per_snapshot), counts),
        key("train.threads", "compute threads; part of a chain's identity (order of sums)",
            at(train, &TrainJob::threads), at_least(1, 1024)),
        key("train.batch", "images a training step; default: the preset's",
            at(train, &TrainJob::batch), at_least(2, 60'000)),
        key("train.generator_rate",
            "learning rate of the generator (of all, for a vae); default: the preset's",
            at(train, &TrainJob::generator_rate), positive),
        key("train.discriminator_rate", "learning rate of the discriminator; default: the preset's",
            at(train, &TrainJob::discriminator_rate), positive, no_discriminator),

        key("trials.tasks", "list of " + all_names(trial::task_table), at(trials, &TrialJob::tasks),
            any),
        key("trials.measurements", "list of measurement counts m, for tasks that measure",
            at(trials, &TrialJob::measurements), pixels, no_measuring_task),
        key("trials.methods", "list of " + all_names(trial::method_table),
            at(trials, &TrialJob::methods), any),
        key("trials.count", "trials a cell", at(trials, &TrialJob::count), counts),
        key("trials.block_size", "trials computed together, as one batch",
            at(trials, &TrialJob::block_size), counts),

        key("adam.learning_rate", "step size in x", at(adam, &AdamSettings::learning_rate),
            positive),
        key("adam.beta1", "decay of the first moment", at(adam, &AdamSettings::beta1), beta),
        key("adam.beta2", "decay of the second moment", at(adam, &AdamSettings::beta2), beta),
        key("adam.epsilon", "added to the root of the second moment",
            at(adam, &AdamSettings::epsilon), positive),

        key("stop.relative_change", "converged if f changes by less, relatively, over the window",
            at(stop, &StopRule::relative_change), beta),
        key("stop.window", "iterations over which the change of f counts",
            at(stop, &StopRule::window), counts),
        key("stop.relative_target", "converged if f is at most this times |Ay|^2",
            at(stop, &StopRule::relative_target), beta),
        key("stop.max_iterations", "cap of a trial's iterations on the final network",
            at(stop, &StopRule::max_iterations), at_least(1, 1e9)),
        key("stop.success_distance", "a trial succeeds if |x - x*| is below",
            at(stop, &StopRule::success_distance), positive),

        key("surfing.schedule",
            "how the budget is spread over the snapshots: " + all_names(trial::schedule_table),
            at(surfing, &SurfingSettings::schedule), any, no_surfing),
        key("surfing.ratio", "of the geometric schedule, snapshot to snapshot",
            at(surfing, &SurfingSettings::ratio), between(0, 1), no_ratio),
        key("surfing.adam_state", "Adam's moments at the next snapshot: keep or reset",
            at(surfing, &SurfingSettings::adam_state), any, no_surfing),
    };
}

// Combinations. -----------------------------------------------------------------------------------

/// As refuse(), where the value may be a default.
[[noreturn]] void refuse(Settings const& settings, std::string const& key, std::string const& why)
{
    auto const found = settings.find(key);
    if (found == settings.end())
    {
        throw InputError(fmt::format("{}: {}", key, why));
    }
    app::refuse(found->second, why);
}

void check_combinations(Job const& job, Settings const& settings)
{
    for (JobKey const& known : job_keys())
    {
        auto const given = settings.find(known.name);
        if (given != settings.end() && !known.pointless(job).empty())
        {
            app::refuse(given->second, std::string(known.pointless(job)));
        }
    }
    if (job.uses(Method::surfing) && !job.uses(Method::adam))
    {
        refuse(settings, "trials.methods",
               "surfing needs adam (its budget comes from the adam cell); use adam,surfing");
    }
    if (no_measuring_task(job).empty() && job.trials.measurements.empty())
    {
        refuse(settings, "trials.tasks",
               "a task that measures needs counts; give trials.measurements, e.g. 50,100,200");
    }
    if (job.stop.max_iterations < job.stop.window)
    {
        refuse(settings, settings.contains("stop.window") ? "stop.window" : "stop.max_iterations",
               fmt::format("the window ({}) is longer than stop.max_iterations ({}), so no trial "
                           "could converge; lower the one or raise the other",
                           job.stop.window, job.stop.max_iterations));
    }
}

}  // namespace

train::Hyperparameters TrainJob::hyperparameters(ModelKind model) const
{
    train::Hyperparameters values = train::preset_values(preset, model);
    values.batch = batch.value_or(values.batch);
    values.generator_rate = generator_rate.value_or(values.generator_rate);
    values.discriminator_rate = discriminator_rate.value_or(values.discriminator_rate);
    return values;
}

bool Job::uses(Method method) const
{
    return std::ranges::find(trials.methods, method) != trials.methods.end();
}

std::string JobKey::section() const
{
    auto const dot = name.find('.');
    return dot == std::string::npos ? "" : name.substr(0, dot);
}

std::string JobKey::leaf() const
{
    return name.substr(name.find('.') + 1);  // npos + 1 = 0: the whole name
}

std::string Job::text() const
{
    std::string text;
    std::string section;
    for (JobKey const& key : job_keys())
    {
        std::string const value = key.write(*this);
        if (value.empty() || !key.pointless(*this).empty())
        {
            continue;
        }
        if (key.section() != section)
        {
            section = key.section();
            text += fmt::format("\n[{}]\n", section);
        }
        text += fmt::format("{} = {}\n", key.leaf(), value);
    }
    return text;
}

std::vector<JobKey> const& job_keys()
{
    static std::vector<JobKey> const keys = make_keys();
    return keys;
}

Job make_job(Settings const& settings)
{
    Job job;
    for (JobKey const& key : job_keys())
    {
        auto const given = settings.find(key.name);
        if (given != settings.end())
        {
            key.read(job, given->second);
        }
    }
    check_combinations(job, settings);
    return job;
}

}  // namespace surf::app
