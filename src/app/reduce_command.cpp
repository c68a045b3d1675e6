#include <fmt/format.h>
#include <unistd.h>

#include "app/command.hpp"
#include "app/results.hpp"
#include "app/summary_table.hpp"
#include "base/error.hpp"

namespace surf::app
{

ExitCode reduce_command(Options const& options)
{
    Job const& job = options.job;
    Plan const plan = load_stored_plan(job);
    // peek: a run may be at work there, and what is damaged is its business
    std::vector<StoredCell> const cells = stored_cells(plan, job.output, peek_segment);
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
    auto const summarised = publish_results(job, plan, cells, provenance_of(job, plan, cells));
    fmt::print("{}\n{} of {} blocks reduced to {}\n",
               summary_table(summarised, terminal_width(STDOUT_FILENO)), blocks, plan.blocks.size(),
               results_path(job.output).string());
    return ExitCode::success;
}

}  // namespace surf::app
