#include "app/job/job.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/job/job_keys.hpp"

namespace surf::app
{
namespace
{

/// The settings of one experiment: its own, and those of all.
class MergedSettings
{
  public:
    MergedSettings(JobSettings const& all, std::string name)
        : common_(all.common), name_(std::move(name))
    {
        if (auto const own = all.own.find(name_); own != all.own.end())
        {
            own_ = own->second;
        }
    }

    Setting const* find(std::string const& key) const
    {
        Setting const* const own = find_own(key);
        auto const shared = common_.find(key);
        return own != nullptr ? own : shared == common_.end() ? nullptr : &shared->second;
    }

    Setting const* find_own(std::string const& key) const
    {
        auto const own = own_.find(key);
        return own == own_.end() ? nullptr : &own->second;
    }

    /// As app::refuse(), where the value may be a default.
    [[noreturn]] void refuse(std::string const& key, std::string const& why) const
    {
        if (Setting const* const setting = find(key))
        {
            app::refuse(*setting, why);
        }
        throw InputError(fmt::format("{}: {}", key, why));
    }

  private:
    Settings const& common_;
    Settings own_;
    std::string name_;
};

void check_restarts(Experiment const& experiment, MergedSettings const& settings)
{
    bool const surfs_again = experiment.uses(Method::restarts_surfing);
    bool const surfs_again_by_lm = experiment.uses(Method::restarts_surfing_lm);
    if ((surfs_again || surfs_again_by_lm) && experiment.restarts == RestartSettings{})
    {
        settings.refuse("restarts.budget",
                        "restarts-surfing and restarts-surfing-lm need more than one surfing takes "
                        "to start again; give a number of network evaluations");
    }
    if (surfs_again && experiment.surfing.schedule == Schedule::adaptive)
    {
        settings.refuse("surfing.schedule",
                        "restarts-surfing rides along the chain at every start; give it an "
                        "experiment of its own with a fixed schedule");
    }
    if (surfs_again_by_lm && experiment.surfing_lm.schedule == LmSchedule::adaptive)
    {
        settings.refuse("surfing_lm.schedule",
                        "restarts-surfing-lm rides along the chain at every start; give it an "
                        "experiment of its own with schedule = fixed");
    }
}

void check_methods(Experiment const& experiment, MergedSettings const& settings)
{
    for (MethodEntry const& entry : method_table)
    {
        for (BudgetNeed const& need :
             budget_needs(entry.kind, experiment.surfing, experiment.restarts))
        {
            if (experiment.uses(entry.kind) && !experiment.uses(need.source))
            {
                settings.refuse("trials.methods",
                                fmt::format("{0} needs {1} (its budget comes from {1}'s trials); "
                                            "add {1}{2}",
                                            entry.name, entry_of(need.source).name,
                                            need.rule == BudgetRule::evaluations
                                                ? ", or give a number as restarts.budget"
                                                : ""));
            }
        }
    }
    bool const trains = !experiment.train.trained_models().empty();
    if (trains && experiment.uses(Method::projected) &&
        experiment.projected.first_snapshot >= experiment.train.intervals)
    {
        settings.refuse("projected.first_snapshot",
                        "no later snapshot is left to surf to (it must be below train.intervals)");
    }
}

void check_measurements(Experiment const& experiment, MergedSettings const& settings)
{
    TrialJob const& trials = experiment.trials;
    if (!experiment.measures())
    {
        return;
    }
    bool const recovers = std::ranges::find(trials.tasks, Task::recovery) != trials.tasks.end();
    if (trials.measured_by == Operator::identity)
    {
        if (recovers && trials.noise == 0)
        {
            settings.refuse("trials.operator",
                            "recovery from every pixel without noise is inversion; use tasks = "
                            "inversion, or give trials.noise");
        }
        return;
    }
    if (trials.measurements.empty())
    {
        settings.refuse("trials.tasks",
                        "a task that measures needs counts; give trials.measurements, e.g. "
                        "50,100,200");
    }
}

void check_surfaces(Experiment const& experiment, MergedSettings const& settings)
{
    bool const trains = !experiment.train.trained_models().empty();
    if (trains && experiment.draws_surfaces() &&
        experiment.train.latent_dims != std::vector<std::int64_t>{surface_latent_dim})
    {
        settings.refuse("train.latent_dims",
                        "a surface is drawn over two latents; use 2, or surface.targets = 0");
    }
    if (trains && experiment.draws_surfaces() &&
        experiment.surface.levels > experiment.train.intervals + 1)
    {
        settings.refuse("surface.levels", "the chain has fewer snapshots (train.intervals + 1)");
    }
    if (!experiment.draws_surfaces() && experiment.trials.tasks.empty())
    {
        settings.refuse("trials.tasks",
                        "the experiment has neither trials nor surfaces; name a task or set "
                        "surface.targets");
    }
}

void check_combinations(Experiment const& experiment, MergedSettings const& settings)
{
    for (auto const& key : experiment_keys())
    {
        Setting const* const own = settings.find_own(key.name);
        if (own != nullptr && !key.pointless(experiment).empty())
        {
            refuse(*own, std::string(key.pointless(experiment)));
        }
    }
    check_methods(experiment, settings);
    check_restarts(experiment, settings);
    check_measurements(experiment, settings);
    check_surfaces(experiment, settings);
    if (experiment.stop.max_iterations < experiment.stop.window)
    {
        settings.refuse(
            settings.find("stop.window") != nullptr ? "stop.window" : "stop.max_iterations",
            fmt::format("the window ({}) is longer than stop.max_iterations ({}), so "
                        "no trial could converge; lower the one or raise the other",
                        experiment.stop.window, experiment.stop.max_iterations));
    }
}

/// A setting of all experiments must mean something to one of them.
void check_common(std::vector<Experiment> const& experiments, Settings const& common)
{
    for (auto const& key : experiment_keys())
    {
        auto const given = common.find(key.name);
        if (given != common.end() &&
            std::ranges::none_of(experiments, [&](Experiment const& experiment) {
                return key.pointless(experiment).empty();
            }))
        {
            refuse(given->second, experiments.empty()
                                      ? "there are no experiments; leave the key out"
                                      : std::string(key.pointless(experiments.front())));
        }
    }
}

/// Drops the experiments that were not chosen.
void keep_chosen(std::vector<Experiment>& experiments, Setting const& chosen)
{
    std::vector<std::string> names;
    read(chosen, {}, names);
    std::erase_if(experiments, [&](Experiment const& experiment) {
        return std::ranges::find(names, experiment.name) == names.end();
    });
}

/// What was given at the same place.
Settings given_beside(Setting const& chosen, Settings settings)
{
    std::erase_if(settings,
                  [&](auto const& other) { return other.second.origin != chosen.origin; });
    return settings;
}

/// The specification's own rules, with the origin of the setting that breaks them.
void check_theory(TheorySpec const& theory, Settings const& settings)
{
    try
    {
        require_valid(theory);
    }
    catch (InputError const& error)
    {
        std::string const text = error.what();  // "theory.radii = ..."
        auto const given = settings.find(text.substr(0, text.find(' ')));
        throw InputError(
            given == settings.end() ? text : fmt::format("{}: {}", given->second.origin, text));
    }
}

/// The same place, named from the root. Symbolic links stay as they are named, unless ".." may lead
/// out of one. A path that a job file could not hold stays as it is.
std::filesystem::path absolute_path(std::filesystem::path const& path)
{
    bool const climbs = std::ranges::find(path, "..") != path.end();
    std::filesystem::path const whole = std::filesystem::absolute(path);
    std::filesystem::path place =
        climbs ? std::filesystem::weakly_canonical(whole) : whole.lexically_normal();
    if (!place.has_filename())
    {
        place = place.parent_path();  // without the "/" at its end
    }
    return can_stand_in_job_file(place.string()) ? place : path;
}

/// Keys with their values, section by section; `prefix` comes before each section's name.
template <class Target>
std::string text_of(std::vector<Key<Target>> const& keys, Target const& target,
                    std::string const& prefix)
{
    std::string text;
    std::string section;
    for (auto const& key : keys)
    {
        std::string const value = key.write(target);
        if (value.empty() || !key.pointless(target).empty())
        {
            continue;
        }
        if (section_of(key.name) != section)
        {
            section = section_of(key.name);
            text += fmt::format("\n[{}{}]\n", prefix, section);
        }
        text += fmt::format("{} = {}\n", leaf_of(key.name), value);
    }
    return text;
}

}  // namespace

bool Job::needs_images() const
{
    return std::ranges::any_of(experiments, &Experiment::needs_images);
}

std::string Job::text() const
{
    std::string text = text_of(job_keys(), *this, "");
    bool const unnamed =
        experiments.size() == 1 && experiments.front().name == Experiment::default_name;
    for (Experiment const& experiment : experiments)
    {
        text += text_of(experiment_keys(), experiment, unnamed ? "" : experiment.name + ".");
    }
    return text;
}

Job with_absolute_paths(Job job)
{
    for (std::filesystem::path* const path : {&job.output, &job.chains, &job.data})
    {
        *path = absolute_path(*path);
    }
    for (Experiment& experiment : job.experiments)
    {
        for (ChosenModel& model : experiment.train.models)
        {
            if (!model.trained)
            {
                model.chain = absolute_path(model.chain);
            }
        }
    }
    return job;
}

Job make_job(JobSettings const& settings)
{
    Job job;
    for (auto const& key : job_keys())
    {
        if (auto const given = settings.common.find(key.name); given != settings.common.end())
        {
            key.read(job, given->second);
        }
    }
    if (job.chains.empty())
    {
        job.chains = job.output / "chains";
    }
    for (Experiment& experiment : job.experiments)
    {
        MergedSettings const own(settings, experiment.name);
        for (auto const& key : experiment_keys())
        {
            if (Setting const* const setting = own.find(key.name))
            {
                key.read(experiment, *setting);
            }
        }
    }
    std::vector<Experiment> const all = job.experiments;
    if (settings.chosen)
    {
        keep_chosen(job.experiments, *settings.chosen);
    }
    for (Experiment const& experiment : job.experiments)
    {
        check_combinations(experiment, MergedSettings(settings, experiment.name));
    }
    check_common(all, settings.common);
    if (settings.chosen)
    {
        check_common(job.experiments, given_beside(*settings.chosen, settings.common));
    }
    check_theory(job.theory, settings.common);
    return job;
}

}  // namespace surf::app
