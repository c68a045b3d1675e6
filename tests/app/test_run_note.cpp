#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "app/run_note.hpp"
#include "base/folder_lock.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;

namespace
{

constexpr std::int64_t hour = 3600;
constexpr std::int64_t start = 1'795'000'000;

JobId const job = JobId::from_hex("ab");

RunNote note()
{
    return {.job = job.hex(),
            .started = start,
            .updated = start + 60,
            .ranks = 64,
            .training = "",
            .seconds_left = 900};
}

}  // namespace

TEST_CASE("a run's note is read as it was written", "[run_note]")
{
    test::ScratchFolder const folder;
    CHECK_FALSE(find_run_note(folder.path));
    publish_run_note(folder.path, note());
    auto const found = find_run_note(folder.path);
    REQUIRE(found);
    CHECK(found->job == job.hex());
    CHECK(found->started == start);
    CHECK(found->updated == start + 60);
    CHECK(found->ranks == 64);
    CHECK(found->seconds_left == 900);
    RunNote odd = note();
    odd.seconds_left.reset();
    odd.training = "\xFF";
    publish_run_note(folder.path, odd);
    CHECK_FALSE(find_run_note(folder.path)->seconds_left);
    std::ofstream(folder.path / "run.json") << "{\"job_id\": 3";
    CHECK_FALSE(find_run_note(folder.path));
}

TEST_CASE("a run is at work as long as it holds the folder", "[run_note]")
{
    test::ScratchFolder const folder;
    CHECK(use_of(folder.path / "absent") == FolderUse::free);
    CHECK_FALSE(read_run_state(folder.path, job, start).running);
    publish_run_note(folder.path, note());
    {
        FolderLock const lock(folder.path);
        RunState const state = read_run_state(folder.path, job, start + 9 * hour);
        CHECK(state.running);
        REQUIRE(state.note);
        // Of another job it says nothing.
        RunState const other = read_run_state(folder.path, JobId::from_hex("cd"), start);
        CHECK(other.running);
        CHECK_FALSE(other.note);
        CHECK(state_text(other, start) == "another job runs here");
    }
    CHECK_FALSE(read_run_state(folder.path, job, start + 61).running);
    CHECK_NOTHROW(FolderLock(folder.path));
}

TEST_CASE("one line says how far a run is", "[run_note]")
{
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    RunState state{.running = true, .note = note(), .blocks_done = 25, .blocks = 46};
    // 2026-11-18 11:06:40
    CHECK(state_text(state, start + 120) ==
          "running since 11:06 on 64 ranks, 25 of 46 blocks (54 %), about 14 min left");
    state.note->ranks = 1;
    state.note->seconds_left.reset();
    state.note->training = "training dcgan k=5: step 3 of 9";
    CHECK(state_text(state, start + 48 * hour) ==
          "running since 2026-11-18 11:06 on 1 rank, 25 of 46 blocks (54 %); training dcgan k=5: "
          "step 3 of 9");
    state.running = false;
    CHECK(state_text(state, start + 120) == "nothing runs since 11:07, 25 of 46 blocks (54 %)");
    state.note.reset();
    state.blocks = 0;
    CHECK(state_text(state, start) == "nothing runs");
    state = {.running = true, .note = note()};
    CHECK(state.seconds_left(start + 90) == 870);
    CHECK(state.seconds_left(start + hour) == 0);
}
