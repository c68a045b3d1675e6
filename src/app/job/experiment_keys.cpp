#include <algorithm>

#include "app/job/key_maker.hpp"
#include "app/job/method_keys.hpp"

namespace surf::app
{
namespace
{

// Why a key means nothing. -----------------------------------------------------------------------

template <ModelSetting setting>
std::string_view no_model_uses(Experiment const& experiment)
{
    return std::ranges::any_of(experiment.train.trained_models(),
                               [](Model const& model) { return heeds(model, setting); })
               ? ""
               : "no model in train.models uses it; leave the key out";
}

/// Of the keys that all trainings heed.
std::string_view no_training(Experiment const& experiment)
{
    return experiment.train.trained_models().empty()
               ? "all of train.models are chains from elsewhere; leave the key out"
               : "";
}

template <Optimiser optimiser>
std::string_view other_optimiser(Experiment const& experiment)
{
    auto const& train = experiment.train;
    return std::ranges::any_of(train.trained_models(),
                               [&](Model const& model) {
                                   return train.hyperparameters(model).optimiser == optimiser;
                               })
               ? ""
               : "no model is trained by an optimiser that has it; leave the key out or set "
                 "train.optimiser";
}

std::string_view no_measuring_task(Experiment const& experiment)
{
    return experiment.measures() ? ""
                                 : "no task in trials.tasks measures; leave the key out or add "
                                   "recovery or approximation";
}

std::string_view no_operator(Experiment const& experiment)
{
    return experiment.measures() && experiment.trials.measured_by == Operator::identity
               ? "trials.operator = identity sees every pixel; leave the key out"
               : no_measuring_task(experiment);
}

std::string_view no_draw(Experiment const& experiment)
{
    return experiment.measures() && !entry_of(experiment.trials.measured_by).drawn
               ? "this trials.operator is not random; leave the key out"
               : no_measuring_task(experiment);
}

std::string_view no_target_latents(Experiment const& experiment)
{
    return experiment.searches() ? ""
                                 : "no task in trials.tasks has an x*; leave the key out or add "
                                   "inversion or recovery";
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
                         std::string_view (*pointless)(Experiment const&) = no_training) {
        make.add("train." + name, help, at(train, member), range, pointless);
    };
    using Train = TrainJob;
    add("models",
        "list of " + all_names(model_table) +
            ", and paths of chain files (*.h5) that were trained elsewhere",
        &Train::models, any, always_meant<Experiment>);
    add("preset", "where the hyperparameters come from: " + all_names(preset_table), &Train::preset,
        any);
    add("seeds", "list of seeds: each model is trained once for each; default: seed", &Train::seeds,
        seeds);
    add("latent_dims", "list of latent dimensions k", &Train::latent_dims, counts);
    add("intervals", "T: a chain has the snapshots 0 ... T", &Train::intervals, at_least(1, 1e5));
    add("steps_per_snapshot", "training steps between two snapshots", &Train::steps_per_snapshot,
        counts);
    add("threads", "compute threads; part of a chain's identity (order of sums)", &Train::threads,
        at_least(1, 1024));
    add("batch", "images a training step; default: the preset's", &Train::batch,
        at_least(2, 60'000));
    add("optimiser", all_names(optimiser_table) + "; default: the preset's", &Train::optimiser,
        any);
    add("generator_rate",
        "learning rate of the generator (of all, for vae and relu); default: the preset's",
        &Train::generator_rate, positive);
    add("discriminator_rate", "learning rate of discriminator or critic; default: the preset's",
        &Train::discriminator_rate, positive, no_model_uses<ModelSetting::discriminator_rate>);
    add("beta1", "of Adam: decay of the first moment; default: the preset's", &Train::beta1, beta,
        other_optimiser<Optimiser::adam>);
    add("beta2", "of Adam: decay of the second moment; default: the preset's", &Train::beta2, beta,
        other_optimiser<Optimiser::adam>);
    add("decay", "of RMSProp: decay of the squared gradients; default: the preset's", &Train::decay,
        beta, other_optimiser<Optimiser::rmsprop>);
    add("epsilon", "added to the root of the second moment; default: the preset's", &Train::epsilon,
        positive);
    add("critic_steps", "updates of discriminator or critic a step; default: the preset's",
        &Train::critic_steps, at_least(1, 1000), no_model_uses<ModelSetting::critic_steps>);
    add("clip", "of wgan: the critic's weights stay in [-clip, clip]; default: the preset's",
        &Train::clip, positive, no_model_uses<ModelSetting::clip>);
    add("gradient_penalty", "of wgan-gp: weight of the penalty; default: the preset's",
        &Train::gradient_penalty, positive, no_model_uses<ModelSetting::gradient_penalty>);
    add("penalty_mixing",
        "of wgan-gp: a weight for each image or for each pixel mixes real and fake: " +
            all_names(penalty_mixing_table) + "; default: the preset's",
        &Train::penalty_mixing, any, no_model_uses<ModelSetting::penalty_mixing>);
    add("penalty_norm",
        "of wgan-gp: of what the gradient's norm is drawn to 1, whole images or each column of "
        "pixels: " +
            all_names(penalty_norm_table) + "; default: the preset's",
        &Train::penalty_norm, any, no_model_uses<ModelSetting::penalty_norm>);
    add("critic_norm",
        "of wgan-gp: normalisation in the critic's inner layers: " + all_names(trunk_norm_table) +
            "; default: the preset's",
        &Train::critic_norm, any, no_model_uses<ModelSetting::critic_norm>);
    add("encoder_spread",
        "of vae and relu: what the encoder gives the latents' deviation as: " +
            all_names(encoder_spread_table) + "; default: the preset's",
        &Train::encoder_spread, any, no_model_uses<ModelSetting::encoder_spread>);
    add("weight_deviation", "standard deviation of the initial weights; default: the preset's",
        &Train::weight_deviation, positive, no_training);
    add("hidden_layers", "of relu: depth d; default: the preset's", &Train::hidden_layers,
        at_least(1, 8), no_model_uses<ModelSetting::hidden_layers>);
    add("observation_deviation",
        "of relu: standard deviation of a pixel given the latent; default: the preset's",
        &Train::observation_deviation, positive,
        no_model_uses<ModelSetting::observation_deviation>);
}

constexpr char const* no_tasks = "none";

/// A list that may say that there are none.
Key<Experiment> tasks_key()
{
    return {"trials.tasks",
            "list of " + all_names(task_table) + ", or none",
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
            always_meant<Experiment>,
            {"", names_in(task_table)}};
}

void add_trials(KeyMaker<Experiment>& make)
{
    constexpr auto trials = &Experiment::trials;
    using Trials = TrialJob;
    make.keys.push_back(tasks_key());
    make.add("trials.seed",
             "of what is random about trials: targets, starts, measurements, noise; default: seed",
             at(trials, &Trials::seed), seeds, no_trials);
    make.add("trials.operator",
             "what a measuring task sees of the image: " + all_names(operator_table),
             at(trials, &Trials::measured_by), any, no_measuring_task);
    make.add("trials.measurements", "list of measurement counts m, for tasks that measure",
             at(trials, &Trials::measurements), counts, no_operator);
    make.add("trials.draw", "the operator is drawn anew for each trial, or shared by a cell's",
             at(trials, &Trials::draw), any, no_draw);
    make.add("trials.noise", "standard deviation of the noise on each measurement",
             at(trials, &Trials::noise), at_least(0), no_measuring_task);
    make.add("trials.target_scale",
             "x* lies so many times as far from the prior's centre as a latent drawn from it",
             at(trials, &Trials::target_scale), positive, no_target_latents);
    make.add("trials.methods", "list of " + all_names(method_table), at(trials, &Trials::methods),
             any, no_trials);
    make.add("trials.count", "trials a cell", at(trials, &Trials::count), counts, no_trials);
    make.add("trials.block_size", "trials computed together, as one batch",
             at(trials, &Trials::block_size), counts, no_trials);
    make.add(
        "trials.precision",
        "float32, or mixed: bfloat16 matrix work on the way, near f = 0 for gradients alone, and "
        "float32 to the end (needs a GPU, or a CPU with AMX or AVX512-BF16); projected and all by "
        "Levenberg-Marquardt compute in float32 always",
        at(trials, &Trials::precision), any, no_method_heeds<SettingGroup::precision>);
}

void add_surface(KeyMaker<Experiment>& make)
{
    constexpr auto surface = &Experiment::surface;
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
        add_methods(make);
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
