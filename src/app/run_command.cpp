#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include "app/command.hpp"
#include "app/coordinator.hpp"
#include "app/out_of_memory.hpp"
#include "app/pack_queue.hpp"
#include "app/preparation.hpp"
#include "app/print.hpp"
#include "app/rank_report.hpp"
#include "app/results.hpp"
#include "app/summary_table.hpp"
#include "app/surfaces.hpp"
#include "app/work.hpp"
#include "base/error.hpp"
#include "base/host.hpp"
#include "base/log.hpp"
#include "base/stop_signal.hpp"
#include "mpi/environment.hpp"
#include "mpi/topology.hpp"

namespace surf::app
{
namespace
{

namespace fs = std::filesystem;

/// Whether other ranks than the first are to train, as the first sees it: there is enough to do.
bool others_train(Job const& job, Plan const& plan)
{
    return job.trainers != 1 && missing_chains(plan) > 1;
}

/// The same job, plan and files on every rank, whatever each of them could read itself.
RunContext make_context(Options const& options, data::Images test_images, DataSpec data,
                        at::Device device, mpi::Communicator const& world)
{
    std::string text = options.job.text();
    world.broadcast(text);
    world.broadcast(data.checksum);
    for (std::int64_t* const extent : {&data.image.channels, &data.image.height, &data.image.width})
    {
        world.broadcast(*extent);
    }
    Job job = parse_job(text, "the job of rank 0");
    Plan plan = make_plan(job, data);
    if (options.command == Command::surface)
    {
        plan = surfaces_of(std::move(plan));
    }
    if (options.command == Command::train)
    {
        plan = chains_of(std::move(plan));
    }
    data::TestImages targets(broadcast(std::move(test_images), world));
    ImageSource images(job.data, data.checksum, others_train(job, plan), world);
    return {std::move(job),     std::move(plan),   device,      NodeCores(world),
            std::move(targets), std::move(images), world.rank()};
}

void announce(RunContext const& context, mpi::NodeTopology const& topology)
{
    spdlog::info("job {}: {} chains, {} cells, {} blocks; {} ranks on {} nodes; output {}",
                 context.plan.job.brief(), context.plan.chains.size(), context.plan.cells.size(),
                 context.plan.blocks.size(), topology.hosts.size(), topology.nodes,
                 context.job.output.string());
}

/// Throws EnvironmentError if this rank's device cannot do what a cell's precision asks for.
void require_precision(RunContext const& context)
{
    bool const mixed = std::ranges::any_of(context.plan.cells, [](PlannedCell const& cell) {
        return cell.spec.precision == Precision::mixed &&
               heeds(cell.spec.method, SettingGroup::precision);
    });
    if (mixed && !model::has_bfloat16_units(context.device))
    {
        throw EnvironmentError(
            fmt::format("trials.precision = mixed: {} on {} has no bfloat16 units (AMX or "
                        "AVX512-BF16); use float32 or another machine",
                        model::device_name(context.device), host_name()));
    }
}

void publish(RunContext const& context, std::vector<StoredCell> cells,
             mpi::NodeTopology const& topology)
{
    auto provenance = provenance_of(context.job, context.plan, cells);
    provenance["ranks"] = fmt::format("{}", topology.hosts.size());
    provenance["rank_hosts"] = fmt::format("{}", fmt::join(topology.hosts, ","));
    auto const summarised =
        publish_results(context.job, context.plan, std::move(cells), std::move(provenance));
    print_if_read(fmt::format("{}\nresults: {}\n",
                              summary_table(summarised, terminal_width(STDOUT_FILENO)),
                              results_path(context.job.output).string()));
}

/// Those that are there: a training may have come to nothing.
void print_chains(Plan const& plan)
{
    for (PlannedChain const& chain : plan.chains)
    {
        if (fs::exists(chain.path))
        {
            print_if_read(fmt::format("chain: {} ({})\n", chain.path.string(), chain.name()));
        }
    }
}

/// Writes results and surfaces when the work ended well. `last`: no other round would follow.
RunEnd publish_all(RunContext const& context, mpi::NodeTopology const& topology, bool last)
{
    if (context.plan.wants_chains)
    {
        print_chains(context.plan);
        return {.text = "", .finished = true};
    }
    auto cells = stored_cells(context.plan, context.job.output, store::OnDamage::set_aside);
    std::int64_t lacking_blocks = std::ssize(context.plan.blocks);
    for (StoredCell const& cell : cells)
    {
        lacking_blocks -= std::ssize(cell.blocks);
    }
    if (lacking_blocks > 0 && !last)
    {
        spdlog::warn("{} segments are damaged or gone: their blocks are computed again",
                     lacking_blocks);
        return {.text = "", .again = true};
    }
    if (!cells.empty())
    {
        pack_all(context.plan, context.job.output, cells);
        publish(context, std::move(cells), topology);
    }
    auto const lacking_surfaces =
        provide_surfaces(context, [] { return stop_signal() != nullptr; });
    if (lacking_blocks == 0 && lacking_surfaces == 0)
    {
        return {.text = "", .finished = true};
    }
    return {ExitCode::bad_file,
            fmt::format("{} of {} blocks and {} surfaces are missing (segments or chains were "
                        "damaged or removed meanwhile) run the same command again",
                        lacking_blocks, context.plan.blocks.size(), lacking_surfaces)};
}

RunEnd run_as_coordinator(RunContext const& context, mpi::Communicator const& world,
                          mpi::NodeTopology const& topology, bool last)
{
    auto const start = std::chrono::steady_clock::now();
    announce(context, topology);
    RunEnd const end = Coordinator(context, world).run();
    if (!end.finished)
    {
        return end;
    }
    RunEnd published;
    try
    {
        published = publish_all(context, topology, last || end.code != ExitCode::success);
    }
    catch (std::exception const& error)
    {
        return {.code = exit_code_of(error), .text = error.what(), .busy = end.busy};
    }
    if (!published.finished && end.code == ExitCode::success)
    {
        published.busy = end.busy;
        return published;
    }
    spdlog::info("done in {}", readable_duration(std::chrono::steady_clock::now() - start));
    return end;
}

/// Coordinates or works until all is done; what turns out to be damaged then is done once more.
RunEnd run_rounds(RunContext const& context, mpi::Communicator const& world,
                  mpi::NodeTopology const& topology)
{
    constexpr int most = 2;
    RunEnd end;
    BusyTime busy;
    for (int round = 1; round == 1 || end.again; ++round)
    {
        set_stop_patience(patience_of_work);
        if (world.rank() == 0)
        {
            end = run_as_coordinator(context, world, topology, round == most);
        }
        else
        {
            end.busy = work(context, world);
        }
        busy += end.busy;
        int again = end.again ? 1 : 0;
        world.broadcast(again);
        end.again = again == 1;
    }
    world.broadcast(end.code);
    if (auto const of_ranks = world.allgather(busy); world.rank() == 0)
    {
        spdlog::info("{}", busy_line(of_ranks));
    }
    return end;
}

/// On every rank: ends with the same code everywhere, and with a text on rank 0 alone.
RunEnd run(Options const& options, mpi::Communicator const& world)
{
    auto const topology = mpi::node_topology(world);
    bool const first = world.rank() == 0;
    Preparation prepared;
    at::Device device(at::kCPU);
    try
    {
        mpi::agree(world, [&] {
            device = model::choose_device(options.device, topology.node_rank);
            if (first)
            {
                prepared = prepare(options);
            }
        });
    }
    catch (Error const& error)
    {
        return {error.code(), first ? error.what() : ""};
    }
    RunContext const context = make_context(options, std::move(prepared.test_images),
                                            std::move(prepared.data), device, world);
    try
    {
        mpi::agree(world, [&] { require_precision(context); });
    }
    catch (Error const& error)
    {
        return {error.code(), first ? error.what() : ""};
    }
    report_devices(world, topology, options.device, device);
    return run_rounds(context, world, topology);
}

}  // namespace

ExitCode run_command(Options const& options)
{
    catch_stop_signals(patience_of_reading);  // MPI takes its time; a second one ends it at once
    std::signal(SIGPIPE, SIG_IGN);            // print_if_read() heeds it
    int argument_count = 0;
    char** arguments = nullptr;
    mpi::Environment const environment(argument_count, arguments);
    auto const world = mpi::Communicator::world();
    RunEnd end;
    try
    {
        naming_memory([&] { end = run(options, world); });
    }
    catch (std::exception const& exception)
    {
        if (world.size() == 1)
        {
            throw;
        }
        // The other ranks wait for this one and cannot know.
        fmt::print(stderr, "surf_sweep: error: rank {}: {}\n", world.rank(), exception.what());
        ExitCode const code = exit_code_of(exception);
        mpi::abort(code == ExitCode::internal_error ? ExitCode::rank_failed : code);
    }
    if (!end.text.empty())
    {
        throw Error(end.code, end.text);
    }
    return end.code;
}

}  // namespace surf::app
