#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/value_text.hpp"
#include "data/images.hpp"
#include "train/spec.hpp"
#include "trial/spec.hpp"

namespace surf::app
{

/// Section [train] of a job: which chains are needed.
struct TrainJob
{
    std::vector<model::ModelKind> models = {model::ModelKind::vae, model::ModelKind::dcgan};
    train::Preset preset = train::Preset::collection;
    std::vector<std::int64_t> latent_dims = {5, 10, 20};  ///< k
    std::int64_t intervals = 100;                         ///< T
    std::int64_t steps_per_snapshot = 40;
    std::int64_t threads = 2;
    // Instead of the preset's values.
    std::optional<std::int64_t> batch;
    std::optional<double> generator_rate;
    std::optional<double> discriminator_rate;

    train::Hyperparameters hyperparameters(model::ModelKind model) const;
};

/// Section [trials] of a job: which cells, and how they are cut.
struct TrialJob
{
    std::vector<trial::Task> tasks = {trial::Task::inversion};
    std::vector<std::int64_t> measurements;  ///< m, of the tasks that measure
    std::vector<trial::Method> methods = {trial::Method::adam, trial::Method::surfing};
    std::int64_t count = 300;  ///< trials a cell
    std::int64_t block_size = 100;
};

/// Everything that a job file says, validated. The identity of what it computes is Plan::job.
struct Job
{
    std::uint64_t seed = 1;
    std::filesystem::path output;  ///< folder for all that a run writes
    std::filesystem::path data = data::default_folder;
    TrainJob train;
    TrialJob trials;
    trial::AdamSettings adam;
    trial::StopRule stop;
    trial::SurfingSettings surfing;

    /// The effective job as a job file, defaults included: parse_job() gives the same job back.
    std::string text() const;
    bool uses(trial::Method method) const;
};

/// One key of the job file, also an option of the command line.
struct JobKey
{
    std::string name;  ///< "train.models"; without a section: "seed"
    std::string help;  ///< meaning and unit
    std::function<void(Job&, Setting const&)> read;
    std::function<std::string(Job const&)> write;  ///< empty text: no value
    /// Why the key means nothing in this job; empty if it does mean something.
    std::string_view (*pointless)(Job const&);

    /// "train"; empty for a key without a section.
    std::string section() const;
    /// "models".
    std::string leaf() const;
};

/// Every key, in the order of the job file: those without a section first, then section by section.
std::vector<JobKey> const& job_keys();

/// What was given, by key. Keys must be known.
using Settings = std::map<std::string, Setting>;

/// The job with these settings. Throws InputError naming origin, key and value for a value that
/// cannot be read or is out of range and for combinations that make no sense.
Job make_job(Settings const& settings);

}  // namespace surf::app
