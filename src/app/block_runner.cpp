#include "app/block_runner.hpp"

#include <fmt/format.h>

#include <chrono>

#include "app/await_file.hpp"
#include "base/folder_lock.hpp"
#include "base/host.hpp"
#include "base/log.hpp"
#include "base/name_table.hpp"
#include "base/pending_file.hpp"
#include "model/device.hpp"
#include "store/block_state.hpp"
#include "store/segment.hpp"
#include "trial/engine.hpp"

namespace surf::app
{
namespace
{

/// How much of a block is lost with a rank that ends without warning.
constexpr std::chrono::minutes between_states{2};

}  // namespace

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

void require_room_for_segments(std::filesystem::path const& output)
{
    require_still_locked(output, "output");
    require_writable_folder(output / "segments", "output");
}

BlockRunner::BlockRunner(RunContext const& context)
    : context_(context), device_text_(model::device_name(context.device))
{}

void BlockRunner::run(sched::LeasedBlock const& lease, std::stop_token const& stop)
{
    auto const start = std::chrono::steady_clock::now();
    std::chrono::duration<double> const began = std::chrono::system_clock::now().time_since_epoch();
    Job const& job = context_.job;
    require_room_for_segments(job.output);  // a block may take hours
    model::set_compute_threads(1);
    BlockSpec const spec = context_.plan.block_spec(lease);
    auto const outcomes = compute(spec, context_.plan[context_.plan[lease.block].cell].chain, stop);
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start;
    store::write_segment(job.output, spec, outcomes,
                         {.host = host_name(),
                          .device = device_text_,
                          .seconds = elapsed.count(),
                          .rank = context_.rank,
                          .start = began.count(),
                          .test_images = context_.test_images.count});
    store::remove_block_state(job.output, spec);
    spdlog::debug("{}: {:.1f} s", describe(context_.plan, lease.block), elapsed.count());
}

std::vector<TrialOutcome> BlockRunner::compute(BlockSpec const& spec, sched::ChainIndex chain,
                                               std::stop_token const& stop)
{
    while (true)
    {
        bool const was_open = held_ == chain;
        try
        {
            open(chain, stop);
            auto checkpoint = checkpoint_of(spec, stop);
            return trial::run_block(spec, {*reader_, &context_.test_images}, context_.device,
                                    trial::frozen_evaluators(context_.device), checkpoint);
        }
        catch (chain::OtherJobError const&)
        {
            throw;
        }
        catch (FileError const& damage)  // the only file that is read here is the chain's
        {
            held_.reset();
            looked_for_.erase(chain);
            if (!was_open)
            {
                throw DamagedChainError(damage.what());
            }
            // The file that was open may have been set aside, and made again, long ago.
        }
    }
}

trial::Checkpoint BlockRunner::checkpoint_of(BlockSpec const& spec,
                                             std::stop_token const& stop) const
{
    auto const& output = context_.job.output;
    auto const keep = [output, spec](trial::SearchState const& state) {
        try
        {
            store::write_block_state(output, spec, trial::bytes_of(state));
        }
        catch (std::exception const& error)
        {
            spdlog::warn("what is done of a block cannot be kept: {}", error.what());
        }
    };
    return {stop, found_state(spec), keep, between_states};
}

trial::SearchState BlockRunner::found_state(BlockSpec const& spec) const
{
    auto const& output = context_.job.output;
    auto const found = store::find_block_state(output, spec);
    try
    {
        return found ? trial::search_state_of(*found) : trial::SearchState();
    }
    catch (FileError const& error)
    {
        store::set_aside_block_state(output, spec, error.what());
        return {};
    }
}

void BlockRunner::open(sched::ChainIndex chain, std::stop_token const& stop)
{
    if (held_ == chain)
    {
        return;
    }
    held_.reset();
    PlannedChain const& planned = context_.plan[chain];
    if (context_.cores.nodes() > 1 && looked_for_.insert(chain).second)
    {
        await_file(planned.path, [&] { return stop.stop_requested(); });
    }
    if (!std::filesystem::exists(planned.path))
    {
        throw FileError(
            fmt::format("{}: was removed under the run (a chain that was trained here is made "
                        "again) put it back if it was not",
                        planned.path.string()));
    }
    reader_.emplace(planned.path, planned.header);
    held_ = chain;
}

}  // namespace surf::app
