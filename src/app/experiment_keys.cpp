#include <algorithm>

#include "app/key_maker.hpp"

namespace surf::app
{
namespace
{

using model::ModelKind;
using train::Knob;
using train::Optimiser;
using trial::JacobianUpdate;
using trial::LmSchedule;
using trial::Method;
using trial::Polish;

// Why a key means nothing. -----------------------------------------------------------------------

template <Knob knob>
std::string_view no_model_uses(Experiment const& experiment)
{
    return std::ranges::any_of(experiment.train.models,
                               [](ModelKind model) { return train::uses(model, knob); })
               ? ""
               : "no model in train.models uses it; leave the key out";
}

template <Optimiser optimiser>
std::string_view other_optimiser(Experiment const& experiment)
{
    auto const& train = experiment.train;
    return std::ranges::any_of(
               train.models,
               [&](ModelKind model) { return train.hyperparameters(model).optimiser == optimiser; })
               ? ""
               : "no model is trained by an optimiser that has it; leave the key out or set "
                 "train.optimiser";
}

std::string_view no_trials(Experiment const& experiment)
{
    return experiment.trials.tasks.empty() ? "there are no trials (trials.tasks = none); leave "
                                             "the key out"
                                           : "";
}

std::string_view no_measuring_task(Experiment const& experiment)
{
    return experiment.measures() ? ""
                                 : "no task in trials.tasks measures; leave the key out or add "
                                   "recovery or approximation";
}

std::string_view no_operator(Experiment const& experiment)
{
    return experiment.measures() && experiment.trials.measurement == trial::Operator::identity
               ? "trials.operator = identity sees every pixel; leave the key out"
               : no_measuring_task(experiment);
}

std::string_view no_draw(Experiment const& experiment)
{
    return experiment.measures() && !trial::is_drawn(experiment.trials.measurement)
               ? "this trials.operator is not random; leave the key out"
               : no_measuring_task(experiment);
}

std::string_view no_first_order(Experiment const& experiment)
{
    return !no_trials(experiment).empty() ? no_trials(experiment)
           : std::ranges::all_of(experiment.trials.methods, trial::is_second_order)
               ? "no method in trials.methods is a first-order one; leave the key out"
               : "";
}

std::string_view no_surfing(Experiment const& experiment)
{
    return !no_trials(experiment).empty()      ? no_trials(experiment)
           : !experiment.uses(Method::surfing) ? "surfing is not among trials.methods; leave the "
                                                 "key out or add surfing"
                                               : "";
}

std::string_view no_ratio(Experiment const& experiment)
{
    return trial::has_ratio(experiment.surfing.schedule)
               ? no_surfing(experiment)
               : "only surfing.schedule = geometric or adaptive has a ratio; leave the key out";
}

std::string_view no_polish(Experiment const& experiment)
{
    return experiment.polish.by == Polish::none ? "polish.by = none; leave the key out or set it"
                                                : no_first_order(experiment);
}

std::string_view no_lm(Experiment const& experiment)
{
    bool const used = experiment.uses(Method::lm) || experiment.uses(Method::surfing_lm) ||
                      experiment.polish.by == Polish::lm;
    return !no_trials(experiment).empty() ? no_trials(experiment)
           : !used ? "neither lm nor surfing-lm nor polish.by = lm; leave the key out or add one"
                   : "";
}

std::string_view no_secant(Experiment const& experiment)
{
    return experiment.lm.jacobian == JacobianUpdate::secant
               ? no_lm(experiment)
               : "only lm.jacobian = secant needs it; leave the key out";
}

std::string_view no_surfing_lm(Experiment const& experiment)
{
    return !no_trials(experiment).empty()         ? no_trials(experiment)
           : !experiment.uses(Method::surfing_lm) ? "surfing-lm is not among trials.methods; leave "
                                                    "the key out or add surfing-lm"
                                                  : "";
}

std::string_view no_attempts(Experiment const& experiment)
{
    return experiment.surfing_lm.schedule == LmSchedule::adaptive
               ? no_surfing_lm(experiment)
               : "only surfing_lm.schedule = adaptive makes attempts; leave the key out";
}

std::string_view no_projected(Experiment const& experiment)
{
    return !no_trials(experiment).empty()        ? no_trials(experiment)
           : !experiment.uses(Method::projected) ? "projected is not among trials.methods; leave "
                                                   "the key out or add projected"
                                                 : "";
}

std::string_view no_surfaces(Experiment const& experiment)
{
    return experiment.draws_surfaces() ? ""
                                       : "there are no surfaces; leave the key out or set "
                                         "surface.targets";
}

// Keys. -------------------------------------------------------------------------------------------

void add_training(KeyMaker<Experiment>& make)
{
    constexpr auto train = &Experiment::train;
    auto const add = [&](std::string const& name, std::string const& help, auto member, Range range,
                         std::string_view (*pointless)(Experiment const&) =
                             always_meant<Experiment>) {
        make.add("train." + name, help, at(train, member), range, pointless);
    };
    using Train = TrainJob;
    add("models", "list of " + all_names(model::model_table), &Train::models, any);
    add("preset", "where the hyperparameters come from: " + all_names(train::preset_table),
        &Train::preset, any);
    add("latent_dims", "list of latent dimensions k", &Train::latent_dims, pixels);
    add("intervals", "T: a chain has the snapshots 0 ... T", &Train::intervals, at_least(1, 1e5));
    add("steps_per_snapshot", "training steps between two snapshots", &Train::steps_per_snapshot,
        counts);
    add("threads", "compute threads; part of a chain's identity (order of sums)", &Train::threads,
        at_least(1, 1024));
    add("batch", "images a training step; default: the preset's", &Train::batch,
        at_least(2, 60'000));
    add("optimiser", all_names(train::optimiser_table) + "; default: the preset's",
        &Train::optimiser, any);
    add("generator_rate",
        "learning rate of the generator (of all, for vae and relu); default: the preset's",
        &Train::generator_rate, positive);
    add("discriminator_rate", "learning rate of discriminator or critic; default: the preset's",
        &Train::discriminator_rate, positive, no_model_uses<Knob::discriminator_rate>);
    add("beta1", "of Adam: decay of the first moment; default: the preset's", &Train::beta1, beta,
        other_optimiser<Optimiser::adam>);
    add("beta2", "of Adam: decay of the second moment; default: the preset's", &Train::beta2, beta,
        other_optimiser<Optimiser::adam>);
    add("decay", "of RMSProp: decay of the squared gradients; default: the preset's", &Train::decay,
        beta, other_optimiser<Optimiser::rmsprop>);
    add("epsilon", "added to the root of the second moment; default: the preset's", &Train::epsilon,
        positive);
    add("critic_steps", "updates of discriminator or critic a step; default: the preset's",
        &Train::critic_steps, at_least(1, 1000), no_model_uses<Knob::critic_steps>);
    add("clip", "of wgan: the critic's weights stay in [-clip, clip]; default: the preset's",
        &Train::clip, positive, no_model_uses<Knob::clip>);
    add("gradient_penalty", "of wgan-gp: weight of the penalty; default: the preset's",
        &Train::gradient_penalty, positive, no_model_uses<Knob::gradient_penalty>);
    add("weight_deviation", "standard deviation of the initial weights; default: the preset's",
        &Train::weight_deviation, positive, no_model_uses<Knob::weight_deviation>);
    add("hidden_layers", "of relu: depth d; default: the preset's", &Train::hidden_layers,
        at_least(1, 8), no_model_uses<Knob::hidden_layers>);
    add("observation_deviation",
        "of relu: standard deviation of a pixel given the latent; default: the preset's",
        &Train::observation_deviation, positive, no_model_uses<Knob::observation_deviation>);
}

constexpr char const* no_tasks = "none";

/// A list that may say that there are none.
Key<Experiment> tasks_key()
{
    return {"trials.tasks", "list of " + all_names(trial::task_table) + ", or none",
            [](Experiment& experiment, Setting const& setting) {
                auto& tasks = experiment.trials.tasks;
                tasks.clear();
                if (setting.text != no_tasks)
                {
                    read(setting, any, tasks);
                }
            },
            [](Experiment const& experiment) {
                auto const& tasks = experiment.trials.tasks;
                return tasks.empty() ? no_tasks : write(tasks);
            },
            always_meant<Experiment>};
}

void add_trials(KeyMaker<Experiment>& make)
{
    constexpr auto trials = &Experiment::trials;
    using Trials = TrialJob;
    make.keys.push_back(tasks_key());
    make.add("trials.operator",
             "what a measuring task sees of the image: " + all_names(trial::operator_table),
             at(trials, &Trials::measurement), any, no_measuring_task);
    make.add("trials.measurements", "list of measurement counts m, for tasks that measure",
             at(trials, &Trials::measurements), pixels, no_operator);
    make.add("trials.draw", "the operator is drawn anew for each trial, or shared by a cell's",
             at(trials, &Trials::draw), any, no_draw);
    make.add("trials.noise", "standard deviation of the noise on each measurement",
             at(trials, &Trials::noise), at_least(0), no_measuring_task);
    make.add("trials.methods", "list of " + all_names(trial::method_table),
             at(trials, &Trials::methods), any, no_trials);
    make.add("trials.count", "trials a cell", at(trials, &Trials::count), counts, no_trials);
    make.add("trials.block_size", "trials computed together, as one batch",
             at(trials, &Trials::block_size), counts, no_trials);
    make.add(
        "trials.precision",
        "float32, or mixed: bfloat16 matrix work on the way (needs a GPU, or a CPU with AMX or "
        "AVX512-BF16), float32 to the end; lm and surfing-lm compute in float32 always",
        at(trials, &Trials::precision), any, no_first_order);
}

void add_search(KeyMaker<Experiment>& make)
{
    constexpr auto adam = &Experiment::adam;
    constexpr auto stop = &Experiment::stop;
    constexpr auto surfing = &Experiment::surfing;
    using trial::AdamSettings;
    using trial::StopRule;
    using trial::SurfingSettings;
    make.add("adam.learning_rate", "step size in x", at(adam, &AdamSettings::learning_rate),
             positive, no_first_order);
    make.add("adam.beta1", "decay of the first moment", at(adam, &AdamSettings::beta1), beta,
             no_first_order);
    make.add("adam.beta2", "decay of the second moment", at(adam, &AdamSettings::beta2), beta,
             no_first_order);
    make.add("adam.epsilon", "added to the root of the second moment",
             at(adam, &AdamSettings::epsilon), positive, no_first_order);

    make.add("stop.relative_change", "converged if f changes by less, relatively, over the window",
             at(stop, &StopRule::relative_change), beta, no_trials);
    make.add("stop.window", "iterations over which the change of f counts",
             at(stop, &StopRule::window), counts, no_first_order);
    make.add("stop.relative_target", "converged if f is at most this times |Ay|^2",
             at(stop, &StopRule::relative_target), beta, no_trials);
    make.add("stop.max_iterations", "cap of a trial's iterations on the final network",
             at(stop, &StopRule::max_iterations), at_least(1, 1e9), no_first_order);
    make.add("stop.success_distance", "a trial succeeds if |x - x*| is below",
             at(stop, &StopRule::success_distance), positive, no_trials);

    make.add("surfing.schedule",
             "how the budget is spread over the snapshots, or adaptive: straight to the final "
             "network, and again as geometric where f stays above its goal: " +
                 all_names(trial::schedule_table),
             at(surfing, &SurfingSettings::schedule), any, no_surfing);
    make.add("surfing.ratio", "of geometric and adaptive, snapshot to snapshot",
             at(surfing, &SurfingSettings::ratio), between(0, 1), no_ratio);
    make.add("surfing.adam_state", "Adam's moments at the next snapshot: keep or reset",
             at(surfing, &SurfingSettings::adam_state), any, no_surfing);
}

void add_second_order(KeyMaker<Experiment>& make)
{
    using trial::PolishSettings;
    constexpr auto polish = &Experiment::polish;
    make.add("polish.by",
             "what ends the trials that Adam has brought near (of adam and surfing): " +
                 all_names(trial::polish_table),
             at(polish, &PolishSettings::by), any, no_first_order);
    make.add("polish.relative_change",
             "Adam hands over where stop.relative_change of this would end it",
             at(polish, &PolishSettings::relative_change), between(0, 1), no_polish);

    constexpr auto lm = &Experiment::lm;
    constexpr auto surfing = &Experiment::surfing_lm;
    using trial::LmSettings;
    using trial::SurfingLmSettings;
    make.add("lm.jacobian",
             "anew wherever x moved, or corrected: " + all_names(trial::jacobian_update_table),
             at(lm, &LmSettings::jacobian), any, no_lm);
    make.add("lm.refresh_below",
             "of secant: share of the promised fall of f below which a Jacobian is computed anew",
             at(lm, &LmSettings::refresh_below), beta, no_secant);
    make.add("lm.damping", "lambda, times the diagonal of J^T J, on each network's first step",
             at(lm, &LmSettings::damping), positive, no_lm);
    make.add("lm.decrease", "factor of lambda when f falls", at(lm, &LmSettings::decrease),
             between(0, 1), no_lm);
    make.add("lm.increase", "factor of lambda when f does not fall", at(lm, &LmSettings::increase),
             above(1), no_lm);
    make.add("lm.max_step", "longest step in x", at(lm, &LmSettings::max_step), positive, no_lm);
    make.add("lm.max_damping", "converged if lambda is above: no step lowers f",
             at(lm, &LmSettings::max_damping), positive, no_lm);
    make.add("lm.window", "steps over which stop.relative_change counts",
             at(lm, &LmSettings::window), counts, no_lm);
    make.add("lm.max_steps", "cap of a trial's steps on the final network",
             at(lm, &LmSettings::max_steps), at_least(1, 1e9), no_lm);

    make.add("surfing_lm.schedule",
             "visits to snapshots: " + all_names(trial::lm_schedule_table) +
                 " (straight first, ever more where f stays above its goal)",
             at(surfing, &SurfingLmSettings::schedule), any, no_surfing_lm);
    make.add("surfing_lm.every",
             "snapshots 0, every, 2 every ... are visited, by the adaptive "
             "schedule in its third attempt: each halves the stride of the one before",
             at(surfing, &SurfingLmSettings::every), counts, no_surfing_lm);
    make.add("surfing_lm.steps", "steps on each snapshot visited",
             at(surfing, &SurfingLmSettings::steps), counts, no_surfing_lm);
    make.add("surfing_lm.attempts", "of adaptive: attempts at a trial, the first straight",
             at(surfing, &SurfingLmSettings::attempts), at_least(1, 64), no_attempts);
}

void add_projected(KeyMaker<Experiment>& make)
{
    using trial::ProjectedSettings;
    auto const add = [&](std::string const& name, std::string const& help, auto member,
                         Range range) {
        make.add("projected." + name, help, at(&Experiment::projected, member), range,
                 no_projected);
    };
    add("slack", "tau: a ReLU unit counts as near zero if |pre-activation| <= tau",
        &ProjectedSettings::slack, at_least(0));
    add("max_pieces", "linear pieces of a latent on a network; units nearest to zero count first",
        &ProjectedSettings::max_pieces, at_least(1, 1e6));
    add("rounds", "searches of the pieces around x on each network, while f falls",
        &ProjectedSettings::rounds, at_least(1, 1e6));
    add("step_tolerance",
        "a piece is done when a step is shorter, relative to |x| where that is above 1",
        &ProjectedSettings::step_tolerance, positive);
    add("max_steps", "cap of the gradient steps on a piece", &ProjectedSettings::max_steps, counts);
    add("starts", "starts of Adam on the first network, x_init among them",
        &ProjectedSettings::starts, at_least(1, 1e6));
    add("first_snapshot", "snapshot to begin at: an untrained network may be flat, its minimum far",
        &ProjectedSettings::first_snapshot, at_least(0, 1e5));
}

void add_surface(KeyMaker<Experiment>& make)
{
    constexpr auto surface = &Experiment::surface;
    using landscape::SurfaceSpec;
    make.add("surface.targets",
             "test images whose surfaces are computed, for each model (k must be 2); 0: none",
             at(surface, &SurfaceSpec::targets), at_least(0, 10'000));
    make.add("surface.levels", "snapshots along the training, first and last among them",
             at(surface, &SurfaceSpec::levels), at_least(2, 1e5), no_surfaces);
    make.add("surface.extent", "x1 and x2 go from minus this to this",
             at(surface, &SurfaceSpec::extent), positive, no_surfaces);
    make.add("surface.points", "grid points along each of x1 and x2",
             at(surface, &SurfaceSpec::points), at_least(2, 10'000), no_surfaces);
}

}  // namespace

std::vector<Key<Experiment>> const& experiment_keys()
{
    static std::vector<Key<Experiment>> const keys = [] {
        KeyMaker<Experiment> make;
        add_training(make);
        add_trials(make);
        add_search(make);
        add_second_order(make);
        add_projected(make);
        add_surface(make);
        return make.keys;
    }();
    return keys;
}

std::map<std::string, std::string> effective_settings(Experiment const& experiment)
{
    std::map<std::string, std::string> settings;
    for (auto const& key : experiment_keys())
    {
        std::string const value = key.write(experiment);
        if (!value.empty() && key.pointless(experiment).empty())
        {
            settings.emplace(key.name, value);
        }
    }
    return settings;
}

}  // namespace surf::app
