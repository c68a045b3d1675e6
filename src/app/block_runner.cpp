#include "app/block_runner.hpp"

#include <fmt/format.h>

#include <chrono>

#include "app/await_file.hpp"
#include "base/host.hpp"
#include "base/log.hpp"
#include "base/name_table.hpp"
#include "base/pending_file.hpp"
#include "model/device.hpp"
#include "store/segment.hpp"
#include "trial/engine.hpp"

namespace surf::app
{

std::string describe(Plan const& plan, sched::BlockIndex index)
{
    PlannedBlock const& block = plan[index];
    CellSpec const& cell = plan[block.cell].spec;
    std::string const measured =
        measures(cell.problem.task) ? fmt::format(" m={}", cell.measurements()) : "";
    return fmt::format("{} {}{} {}, trials {} to {}", plan[plan[block.cell].chain].name(),
                       name_of(task_table, cell.problem.task), measured,
                       name_of(method_table, cell.method), block.first,
                       block.first + block.count - 1);
}

BlockRunner::BlockRunner(RunContext const& context)
    : context_(context), device_text_(model::device_name(context.device))
{}

void BlockRunner::run(sched::LeasedBlock const& lease, std::stop_token const& stop)
{
    auto const start = std::chrono::steady_clock::now();
    // A block may take hours: a full disk had better be noticed before.
    Job const& job = context_.job;
    Plan const& plan = context_.plan;
    require_writable_folder(job.output / "segments", "output");
    model::set_compute_threads(1);
    sched::ChainIndex const chain = plan[plan[lease.block].cell].chain;
    if (held_ != chain)
    {
        held_.reset();
        PlannedChain const& planned = plan[chain];
        if (context_.cores.nodes() > 1 && looked_for_.insert(chain).second)
        {
            await_file(planned.path, [&] { return stop.stop_requested(); });
        }
        reader_.emplace(planned.path, planned.header);
        held_ = chain;
    }
    BlockSpec const spec = plan.block_spec(lease);
    auto const outcomes = trial::run_block(spec, {*reader_, &context_.test_images}, context_.device,
                                           trial::frozen_evaluators(context_.device), stop);
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start;
    store::write_segment(job.output, spec, outcomes, {host_name(), device_text_, elapsed.count()});
    spdlog::debug("{}: {:.1f} s", describe(plan, lease.block), elapsed.count());
}

}  // namespace surf::app
