#include <fmt/format.h>

#include <chrono>

#include "app/command.hpp"
#include "app/progress_log.hpp"
#include "app/stored_file.hpp"
#include "app/theory_plan.hpp"
#include "app/versions.hpp"
#include "base/error.hpp"
#include "base/folder_lock.hpp"
#include "base/log.hpp"
#include "base/pending_file.hpp"
#include "base/stop_signal.hpp"
#include "landscape/theory.hpp"
#include "landscape/theory_file.hpp"
#include "model/device.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

/// Says now and then how much is done, and how long the rest will take.
landscape::Progress logged_progress()
{
    using Clock = std::chrono::steady_clock;
    return [start = Clock::now(), next = Clock::now() + std::chrono::seconds(5)](
               std::int64_t done, std::int64_t parts) mutable {
        if (Clock::now() < next)
        {
            return;
        }
        next = Clock::now() + std::chrono::seconds(5);
        auto const left = (Clock::now() - start) * (parts - done) / std::max<std::int64_t>(done, 1);
        spdlog::info("{} of {} parts, {} left", done, parts, readable_duration(left));
    };
}

}  // namespace

ExitCode theory_command(Options const& options)
{
    Job const& job = options.job;
    fs::path const path = theory_path(job);
    if (is_stored(path))
    {
        fmt::print("theory: {} (there already)\n", path.string());
        return ExitCode::success;
    }
    require_writable_folder(job.output, "output");
    FolderLock const lock(job.output);
    remove_unpublished(job.output);
    catch_stop_signals(patience_of_work);
    auto const device = model::choose_device(options.device, 0);
    std::stop_source stop;
    auto progress = logged_progress();
    auto const theory = landscape::sample_theory(
        job.theory, job.seed, device,
        [&](std::int64_t done, std::int64_t parts) {
            if (stop_signal() != nullptr)
            {
                stop.request_stop();
            }
            progress(done, parts);
        },
        stop.get_token());
    auto provenance = version_attributes();
    provenance["job"] = job.text();
    landscape::write_theory(path, theory, provenance);
    fmt::print("theory: {}\n", path.string());
    return ExitCode::success;
}

}  // namespace surf::app
