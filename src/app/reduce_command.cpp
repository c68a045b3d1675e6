#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "app/command.hpp"
#include "app/pack_queue.hpp"
#include "app/results.hpp"
#include "app/summary_table.hpp"
#include "base/error.hpp"
#include "base/folder_lock.hpp"

namespace surf::app
{
namespace
{

/// What a run has left unpacked that was stopped; a run that is at work packs by itself.
void pack_unless_busy(Plan const& plan, std::filesystem::path const& output,
                      std::vector<StoredCell> const& cells)
{
    if (use_of(output) != FolderUse::free)
    {
        return;
    }
    try
    {
        FolderLock const lock(output);
        pack_all(plan, output, cells);
    }
    catch (FolderBusyError const&)
    {
        // It has begun since.
    }
}

}  // namespace

ExitCode reduce_command(Options const& options)
{
    Job const& job = options.job;
    Plan const plan = load_stored_plan(job);
    // A run may be at work there, and what is damaged is its business.
    auto cells = stored_cells(plan, job.output, store::OnDamage::leave);
    std::size_t blocks = 0;
    for (StoredCell const& cell : cells)
    {
        blocks += cell.blocks.size();
    }
    if (blocks == 0)
    {
        throw InputError(fmt::format(
            "output = {}: no block of job {} is stored there (nothing to reduce); check the job "
            "and the folder, or start surf_sweep run",
            job.output.string(), plan.job.brief()));
    }
    pack_unless_busy(plan, job.output, cells);
    auto provenance = provenance_of(job, plan, cells);
    auto const summarised = publish_results(job, plan, std::move(cells), std::move(provenance));
    fmt::print("{}\n{} of {} blocks reduced to {}\n",
               summary_table(summarised, terminal_width(STDOUT_FILENO)), blocks, plan.blocks.size(),
               results_path(job.output).string());
    return ExitCode::success;
}

}  // namespace surf::app
