#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/job/experiment.hpp"
#include "app/job/value_text.hpp"
#include "data/images.hpp"
#include "spec/theory.hpp"

namespace surf::app
{

/// Everything that a job file says, validated. The identity of what it computes is Plan::job.
struct Job
{
    std::uint64_t seed = 1;        ///< of all that no experiment gives a seed of its own
    std::filesystem::path output;  ///< folder for all that a run writes
    std::filesystem::path chains;  ///< folder of the checkpoint chains; may be shared by jobs
    std::filesystem::path data = data::default_folder;
    std::int64_t trainers = 0;  ///< ranks that train at a time; 0: as many as have cores
    std::vector<Experiment> experiments = {Experiment{}};
    TheorySpec theory;

    bool needs_images() const;
    /// The effective job as a job file, defaults included: parse_job() gives the same job back.
    std::string text() const;
};

/// The job with paths that lead to the same places from any working directory.
Job with_absolute_paths(Job job);

/// What was given, by key.
using Settings = std::map<std::string, Setting>;

/// The settings of a job.
struct JobSettings
{
    Settings common;                      ///< of the job and of every experiment
    std::map<std::string, Settings> own;  ///< by experiment: these win
    /// Names some of the job's experiments, those to be kept; empty: all of them.
    std::optional<Setting> chosen;
};

/// The job with these settings, whose keys must be known. Throws InputError naming origin, key and
/// value for a value that cannot be read or is out of range and for combinations that make no
/// sense in an experiment that is kept. A key that all experiments share may mean something to one
/// that is not kept, unless it was given where the choice was.
Job make_job(JobSettings const& settings);

}  // namespace surf::app
