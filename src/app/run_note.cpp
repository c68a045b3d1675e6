#include "app/run_note.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/job/estimate.hpp"
#include "base/folder_lock.hpp"
#include "base/pending_file.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

/// A run that has not been heard of for so long (seconds) is over, where no lock can tell.
constexpr std::int64_t longest_unheard_of = 120;

fs::path run_note_path(fs::path const& output)
{
    return output / "run.json";
}

std::string clock_time(std::int64_t time, std::int64_t now)
{
    auto const local = fmt::localtime(static_cast<std::time_t>(time));
    auto const today = fmt::localtime(static_cast<std::time_t>(now));
    bool const same_day = local.tm_year == today.tm_year && local.tm_yday == today.tm_yday;
    return same_day ? fmt::format("{:%H:%M}", local) : fmt::format("{:%Y-%m-%d %H:%M}", local);
}

}  // namespace

std::int64_t seconds_since_1970()
{
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void publish_run_note(fs::path const& output, RunNote const& note)
{
    nlohmann::ordered_json json = {{"job_id", note.job},        {"started", note.started},
                                   {"updated", note.updated},   {"ranks", note.ranks},
                                   {"training", note.training}, {"seconds_left", nullptr}};
    if (note.seconds_left)
    {
        json["seconds_left"] = *note.seconds_left;
    }
    publish_text(run_note_path(output),
                 json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

std::optional<RunNote> find_run_note(fs::path const& output)
{
    try
    {
        std::ifstream stream(run_note_path(output));
        auto const json = nlohmann::json::parse(stream);
        RunNote note{.job = json.at("job_id"),
                     .started = json.at("started"),
                     .updated = json.at("updated"),
                     .ranks = json.at("ranks"),
                     .training = json.at("training"),
                     .seconds_left = {}};
        if (auto const& left = json.at("seconds_left"); !left.is_null())
        {
            note.seconds_left = left.get<double>();
        }
        return note;
    }
    catch (nlohmann::json::exception const&)
    {
        return std::nullopt;
    }
}

std::optional<double> RunState::seconds_left(std::int64_t now) const
{
    if (!running || !note || !note->seconds_left)
    {
        return std::nullopt;
    }
    return std::max(*note->seconds_left - static_cast<double>(now - note->updated), 0.);
}

RunState read_run_state(fs::path const& output, JobId const& job, std::int64_t now)
{
    RunState state{.note = find_run_note(output)};
    if (state.note && state.note->job != job.hex())
    {
        state.note.reset();
    }
    FolderUse const use = use_of(output);
    bool const heard_of = state.note && now - state.note->updated < longest_unheard_of;
    state.running = use == FolderUse::busy || (use == FolderUse::unknown && heard_of);
    return state;
}

std::string state_text(RunState const& state, std::int64_t now)
{
    std::string text = "nothing runs";
    if (state.running && state.note)
    {
        int const ranks = state.note->ranks;
        text = fmt::format("running since {} on {} rank{}", clock_time(state.note->started, now),
                           ranks, ranks == 1 ? "" : "s");
    }
    else if (state.running)
    {
        text = "another job runs here";
    }
    else if (state.note)
    {
        text += fmt::format(" since {}", clock_time(state.note->updated, now));
    }
    if (state.blocks > 0)
    {
        text += fmt::format(", {} of {} blocks ({} %)", state.blocks_done, state.blocks,
                            100 * state.blocks_done / state.blocks);
    }
    if (auto const left = state.seconds_left(now))
    {
        text += fmt::format(", about {} left", duration_text(*left));
    }
    if (state.running && state.note && !state.note->training.empty())
    {
        text += fmt::format("; {}", state.note->training);
    }
    return text;
}

std::string iso_time(std::int64_t time)
{
    return fmt::format("{:%Y-%m-%dT%H:%M:%S%z}", fmt::localtime(static_cast<std::time_t>(time)));
}

}  // namespace surf::app
