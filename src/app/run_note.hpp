#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/id.hpp"

namespace surf::app
{

/// Now.
std::int64_t seconds_since_1970();

/// What a run says of itself now and then, in OUTPUT/run.json: for people who ask meanwhile. Times
/// are in seconds since 1970.
struct RunNote
{
    std::string job;  ///< its id
    std::int64_t started = 0;
    std::int64_t updated = 0;
    int ranks = 1;
    std::string training;                ///< what trains now; empty: nothing does
    std::optional<double> seconds_left;  ///< from `updated` on
};

/// Appears whole, in place of an earlier one. Throws EnvironmentError if it cannot be written.
void publish_run_note(std::filesystem::path const& output, RunNote const& note);

/// What is there; empty if it is nothing that can be read.
std::optional<RunNote> find_run_note(std::filesystem::path const& output);

/// A job's run, as others see it.
struct RunState
{
    bool running = false;
    std::optional<RunNote> note;  ///< of the last run of the job; empty if it left none
    std::int64_t blocks_done = 0;
    std::int64_t blocks = 0;

    /// Seconds from now on; empty if nothing runs, or nobody knows.
    std::optional<double> seconds_left(std::int64_t now) const;
};

/// Whether a run of the job is at work in the folder now.
RunState read_run_state(std::filesystem::path const& output, JobId const& job, std::int64_t now);

/// "running since 16:05 on 64 ranks, 25 of 46 blocks (54 %), about 14 min left"
std::string state_text(RunState const& state, std::int64_t now);

/// "2026-11-28T16:05:12+0100", local time.
std::string iso_time(std::int64_t time);

}  // namespace surf::app
