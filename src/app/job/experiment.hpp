#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "landscape/surface_spec.hpp"
#include "train/spec.hpp"
#include "trial/spec.hpp"

namespace surf::app
{

/// Section [train]: which chains are needed.
struct TrainJob
{
    std::vector<model::ModelKind> models = {model::ModelKind::vae, model::ModelKind::dcgan,
                                            model::ModelKind::wgan, model::ModelKind::wgan_gp};
    train::Preset preset = train::Preset::collection;
    std::vector<std::int64_t> latent_dims = {5, 10, 20};  ///< k
    std::int64_t intervals = 100;                         ///< T
    std::int64_t steps_per_snapshot = 40;
    std::int64_t threads = 2;
    // Instead of the preset's values.
    std::optional<std::int64_t> batch;
    std::optional<train::Optimiser> optimiser;
    std::optional<double> generator_rate;
    std::optional<double> discriminator_rate;
    std::optional<double> beta1;
    std::optional<double> beta2;
    std::optional<double> decay;
    std::optional<double> epsilon;
    std::optional<std::int64_t> critic_steps;
    std::optional<double> clip;
    std::optional<double> gradient_penalty;
    std::optional<double> weight_deviation;
    std::optional<std::int64_t> hidden_layers;
    std::optional<double> observation_deviation;

    train::Hyperparameters hyperparameters(model::ModelKind model) const;
};

/// Section [trials]: which cells, and how they are cut.
struct TrialJob
{
    std::vector<trial::Task> tasks = {trial::Task::inversion};  ///< may be empty
    trial::Operator measurement = trial::Operator::gaussian;    ///< of the tasks that measure
    std::vector<std::int64_t> measurements;                     ///< m, of the tasks that measure
    trial::Draw draw = trial::Draw::trial;
    double noise = 0;  ///< σ
    std::vector<trial::Method> methods = {trial::Method::adam, trial::Method::surfing};
    std::int64_t count = 300;  ///< trials a cell
    std::int64_t block_size = 100;
    trial::Precision precision = trial::Precision::float32;
};

/// One cross product of models, latent dimensions, tasks, measurement counts and methods, with the
/// settings that they share.
struct Experiment
{
    /// Of the one experiment of a job file that names none.
    static constexpr char const* default_name = "sweep";

    std::string name = default_name;
    TrainJob train;
    TrialJob trials;
    trial::AdamSettings adam;
    trial::StopRule stop;
    trial::SurfingSettings surfing;
    trial::PolishSettings polish;
    trial::LmSettings lm;
    trial::SurfingLmSettings surfing_lm;
    trial::ProjectedSettings projected;
    landscape::SurfaceSpec surface = {.targets = 0};  ///< none unless asked for

    bool uses(trial::Method method) const;
    bool measures() const;
    bool draws_surfaces() const { return surface.targets > 0; }
};

}  // namespace surf::app
