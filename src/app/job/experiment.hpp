#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "spec/cell.hpp"
#include "spec/surface.hpp"
#include "spec/training.hpp"

namespace surf::app
{

/// A generator that a job names: one to be trained, or the chain of one that was trained elsewhere.
struct ChosenModel
{
    std::optional<Model> trained;
    std::filesystem::path chain;  ///< if it is not to be trained

    friend bool operator==(ChosenModel const&, ChosenModel const&) = default;
};

/// Section [train]: which chains are needed.
struct TrainJob
{
    std::vector<ChosenModel> models = {
        {Model{Architecture::infogan, Training::vae}, {}},
        {Model{Architecture::infogan, Training::dcgan}, {}},
        {Model{Architecture::infogan, Training::wgan}, {}},
        {Model{Architecture::infogan, Training::wgan_gp}, {}},
    };
    Preset preset = Preset::collection;
    std::vector<std::uint64_t> seeds;  ///< of each model's trainings; empty: one, of the job's seed
    std::vector<std::int64_t> latent_dims = {5, 10, 20};  ///< k
    std::int64_t intervals = 100;                         ///< T
    std::int64_t steps_per_snapshot = 40;
    std::int64_t threads = 2;
    // Instead of the preset's values.
    std::optional<std::int64_t> batch;
    std::optional<Optimiser> optimiser;
    std::optional<double> generator_rate;
    std::optional<double> discriminator_rate;
    std::optional<double> beta1;
    std::optional<double> beta2;
    std::optional<double> decay;
    std::optional<double> epsilon;
    std::optional<std::int64_t> critic_steps;
    std::optional<double> clip;
    std::optional<double> gradient_penalty;
    std::optional<PenaltyMixing> penalty_mixing;
    std::optional<PenaltyNorm> penalty_norm;
    std::optional<TrunkNorm> critic_norm;
    std::optional<EncoderSpread> encoder_spread;
    std::optional<double> weight_deviation;
    std::optional<std::int64_t> hidden_layers;
    std::optional<double> observation_deviation;

    /// Those of the models that are to be trained.
    std::vector<Model> trained_models() const;
    Hyperparameters hyperparameters(Model const& model) const;
};

/// Section [trials]: which cells, and how they are cut.
struct TrialJob
{
    std::optional<std::uint64_t> seed;  ///< of targets, starts, measurements; empty: the job's
    std::vector<Task> tasks = {Task::inversion};  ///< may be empty
    Operator measured_by = Operator::gaussian;    ///< of the tasks that measure
    std::vector<std::int64_t> measurements;       ///< m, of the tasks that measure
    Draw draw = Draw::trial;
    double noise = 0;         ///< σ
    double target_scale = 1;  ///< of tasks with an x*
    std::vector<Method> methods = {Method::adam, Method::surfing};
    std::int64_t count = 300;  ///< trials a cell
    std::int64_t block_size = 100;
    Precision precision = Precision::float32;
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
    AdamSettings adam;
    StopRule stop;
    SurfingSettings surfing;
    PolishSettings polish;
    LmSettings lm;
    SurfingLmSettings surfing_lm;
    RestartSettings restarts;
    ProjectedSettings projected;
    SurfaceSpec surface = {.targets = 0};  ///< none unless asked for

    bool uses(Method method) const;
    bool measures() const;
    /// Whether a task has an x*.
    bool searches() const;
    bool draws_surfaces() const { return surface.targets > 0; }
    /// Whether there is anything that images are needed for: to train on, or as targets.
    bool needs_images() const;
};

}  // namespace surf::app
