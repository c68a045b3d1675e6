#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "app/command.hpp"
#include "app/packs.hpp"
#include "app/stored.hpp"
#include "app/stored_file.hpp"
#include "app/text_table.hpp"
#include "app/trial_file.hpp"
#include "app/versions.hpp"
#include "base/error.hpp"
#include "base/folder_lock.hpp"
#include "base/name_table.hpp"
#include "base/stop_signal.hpp"
#include "chain/reader.hpp"
#include "data/images.hpp"
#include "hdf5/file.hpp"
#include "model/device.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

/// On the way of a search; a figure shows no more.
constexpr std::int64_t most_points = 1000;

std::string describe(Plan const& plan, PlannedCell const& cell)
{
    Problem const& problem = cell.spec.problem;
    std::string const measured =
        measures(problem.task) ? fmt::format(" m={}", cell.spec.measurements()) : "";
    return fmt::format("{} {} {} {}{} {}", cell.spec.id().brief(), plan[cell.chain].name(),
                       name_of(task_table, problem.task),
                       name_of(operator_table, problem.measured_by), measured,
                       name_of(method_table, cell.spec.method));
}

/// The cell whose id begins so. Throws InputError if it is not one.
sched::CellIndex find_cell(Plan const& plan, std::string const& prefix)
{
    std::vector<sched::CellIndex> found;
    for (std::size_t i = 0; i < plan.cells.size(); ++i)
    {
        if (plan.cells[i].spec.id().hex().starts_with(prefix))
        {
            found.push_back(static_cast<sched::CellIndex>(i));
        }
    }
    if (found.size() != 1)
    {
        throw InputError(
            fmt::format("command line: cell = {}: {}; show without --cell lists the cells", prefix,
                        found.empty() ? "no cell's id begins so" : "several cells' ids begin so"));
    }
    return found.front();
}

/// A trial, and the block that it is computed with.
struct WantedTrial
{
    BlockSpec block;
    std::int64_t row = 0;
    std::optional<TrialOutcome> stored;
};

WantedTrial find_trial(Plan const& plan, sched::CellIndex cell, std::int64_t trial,
                       fs::path const& output)
{
    auto const budget = named_blocks(plan, output)[static_cast<std::size_t>(cell)].budget;
    if (!budget)
    {
        throw InputError(fmt::format(
            "command line: cell = {}: what it may spend follows from trials that are not stored "
            "yet; run them first",
            plan[cell].spec.id().brief()));
    }
    for (sched::BlockIndex const index : plan.blocks_of(cell))
    {
        PlannedBlock const& block = plan[index];
        if (std::int64_t const row = trial - block.first; 0 <= row && row < block.count)
        {
            WantedTrial wanted{plan.block_spec({index, *budget}), row, {}};
            if (auto const segment =
                    find_block(plan, index, *budget, output, store::OnDamage::leave))
            {
                wanted.stored = segment->outcomes[static_cast<std::size_t>(row)];
            }
            return wanted;
        }
    }
    throw InputError(fmt::format("command line: trial = {}: the cell has trials 0 to {}", trial,
                                 plan[cell].trials - 1));
}

/// Asks for a stop as soon as a signal does, while it lives.
class SignalWatch
{
  public:
    std::stop_token token() const { return stop_.get_token(); }

  private:
    std::stop_source stop_;
    std::jthread thread_{[this](std::stop_token const& ended) {
        while (!ended.stop_requested() && !stop_.stop_requested())
        {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            if (stop_signal() != nullptr)
            {
                stop_.request_stop();
            }
        }
    }};
};

/// The images that the trials of a task without x* look for: those of the run.
data::TestImages targets(Job const& job, Plan const& plan, Task task)
{
    if (has_latent(task))
    {
        return data::TestImages({});
    }
    data::DataSet images = data::load_data_set(job.data);
    if (images.spec().checksum != plan.data.checksum)
    {
        throw FileError(fmt::format(
            "data = {}: other images than those of the run (checksum {}, not {}); name theirs: "
            "--data FOLDER",
            job.data.string(), images.spec().checksum, plan.data.checksum));
    }
    return std::move(images.test);
}

trial::TrialTrace trace(Options const& options, WantedTrial const& wanted,
                        PlannedChain const& chain, data::TestImages const& images)
{
    if (!fs::exists(chain.path))
    {
        throw FileError(fmt::format(
            "{}: not there (the trial's networks are read from it) name the folder of chains: "
            "--chains FOLDER",
            chain.path.string()));
    }
    catch_stop_signals(patience_of_work);
    SignalWatch const watch;
    model::set_compute_threads(1);
    auto const device = model::choose_device(options.device, 0);
    trial::Checkpoint checkpoint(watch.token(), {}, {}, {});
    return trial::trace_trial(wanted.block, wanted.row,
                              {chain::Reader(chain.path, chain.header), &images}, device,
                              trial::frozen_evaluators(device), checkpoint, most_points);
}

std::vector<std::string> row_of(std::string name, TrialOutcome const& outcome)
{
    return {std::move(name),
            std::string(name_of(stop_reason_table, outcome.stop_reason)),
            std::isnan(outcome.distance) ? "-"
            : outcome.success            ? "yes"
                                         : "no",
            std::to_string(outcome.iterations),
            std::to_string(outcome.network_evaluations),
            fmt::format("{:.3g}", outcome.objective),
            std::isnan(outcome.distance) ? "-" : fmt::format("{:.3g}", outcome.distance),
            fmt::format("{:.3g}", outcome.pixel_error)};
}

}  // namespace

ExitCode show_command(Options const& options)
{
    Job const& job = options.job;
    Plan const plan = load_stored_plan(job);
    if (options.show.cell.empty())
    {
        for (PlannedCell const& cell : plan.cells)
        {
            fmt::print("{}, trials 0 to {}\n", describe(plan, cell), cell.trials - 1);
        }
        return ExitCode::success;
    }
    sched::CellIndex const cell = find_cell(plan, options.show.cell);
    fs::path const path = job.output / fmt::format("trial-{}-{}.h5", plan[cell].spec.id().brief(),
                                                   options.show.trial);
    WantedTrial const wanted = find_trial(plan, cell, options.show.trial, job.output);
    fmt::print("{}, trial {}\n", describe(plan, plan[cell]), options.show.trial);
    if (is_stored(path))
    {
        if (h5::FileReader(path).root().attribute<std::string>("block_id") !=
            wanted.block.id().hex())
        {
            throw InputError(
                fmt::format("{}: is there already, of another block or budget (nothing is "
                            "overwritten) remove it",
                            path.string()));
        }
        fmt::print("show: {} (there already)\n", path.string());
        return ExitCode::success;
    }
    require_writable_folder(job.output, "output");
    if (wanted.block.count > 1)
    {
        fmt::print("its block, trials {} to {}, is computed again\n", wanted.block.first,
                   wanted.block.first + wanted.block.count - 1);
        std::fflush(stdout);
    }
    auto const traced = trace(options, wanted, plan[plan[cell].chain],
                              targets(job, plan, wanted.block.cell.problem.task));
    auto provenance = version_attributes();
    provenance["job"] = job.text();
    write_trial(path, wanted.block, traced, provenance);

    TextTable table(
        {"outcome", "ended", "success", "steps", "evaluations", "f", "distance", "pixel error"});
    if (wanted.stored)
    {
        table.add(row_of("stored", *wanted.stored));
    }
    table.add(row_of("here", traced.outcome));
    fmt::print("{}show: {}\n", table.text(), path.string());
    return ExitCode::success;
}

}  // namespace surf::app
