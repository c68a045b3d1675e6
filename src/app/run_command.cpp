#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "app/command.hpp"
#include "app/coordinator.hpp"
#include "app/job/output_notes.hpp"
#include "app/out_of_memory.hpp"
#include "app/print.hpp"
#include "app/rank_report.hpp"
#include "app/results.hpp"
#include "app/summary_table.hpp"
#include "app/surfaces.hpp"
#include "app/work.hpp"
#include "base/error.hpp"
#include "base/folder_lock.hpp"
#include "base/host.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "base/pending_file.hpp"
#include "base/stop_signal.hpp"
#include "mpi/environment.hpp"
#include "mpi/topology.hpp"

namespace surf::app
{
namespace
{

namespace fs = std::filesystem;

/// What rank 0 needs before the others may start.
struct Preparation
{
    std::unique_ptr<FolderLock> lock;
    data::Images test_images;  ///< none if the job needs none
    DataSpec data;
};

/// The first digits of the id of the job that a file describes.
std::string brief_id_of(std::string const& job_file, DataSpec const& data)
{
    try
    {
        return make_plan(parse_job(job_file, ""), data).job.brief();
    }
    catch (Error const&)
    {
        return hash128_hex(job_file).substr(0, 8);  // of another version, or spoilt
    }
}

/// Leaves the job in its output folder. What another one left there is kept, as its results are: it
/// says how they were made.
void publish_job(Job const& job, DataSpec const& data)
{
    fs::path const path = job.output / "job.ini";
    std::string const text = with_absolute_paths(job).text();
    if (fs::exists(path))
    {
        std::ifstream stream(path);
        std::string const found{std::istreambuf_iterator<char>(stream), {}};
        std::string const id = brief_id_of(found, data);
        if (id != brief_id_of(text, data))
        {
            fs::path const kept = job.output / fmt::format("job-{}.ini", id);
            publish_text(kept, found);  // not renamed: a run killed here still has its job.ini
            spdlog::warn("{} was of another job ({}): kept as {}", path.string(), id,
                         kept.filename().string());
        }
    }
    publish_note(path, text);
}

/// Whether what is stored in the folder is of other images than the plan's; if its note of them is
/// damaged, by the chains that are there.
bool is_of_other_data(fs::path const& output, Plan const& plan)
{
    try
    {
        auto const there = find_data_spec(output);
        return there && there->checksum != plan.data.checksum;
    }
    catch (FileError const& error)
    {
        spdlog::warn("{}", error.what());
        bool const knows_chains = std::ranges::any_of(
            plan.chains, [](PlannedChain const& chain) { return fs::exists(chain.path); });
        std::error_code none;
        return !knows_chains && !fs::is_empty(output / "segments", none) && !none;
    }
}

/// Throws InputError if the folder's results are of other images: all would be trained and run
/// again, beside what is there.
void require_same_data(Job const& job, Plan const& plan, bool accepts_new)
{
    if (job.needs_images() && !accepts_new && is_of_other_data(job.output, plan))
    {
        throw InputError(fmt::format(
            "output = {}: what is stored there is of other images (those in {} have checksum {}; "
            "all would be trained and run again) correct data, name another output, or add "
            "--accept-new-data",
            job.output.string(), job.data.string(), plan.data.checksum));
    }
}

/// Chains that are to be trained.
std::ptrdiff_t missing_chains(Plan const& plan)
{
    return std::ranges::count_if(plan.chains, [](PlannedChain const& chain) {
        return chain.training && !fs::exists(chain.path);
    });
}

/// Checks all that can be checked before any work starts.
Preparation prepare(Options const& options)
{
    Job const& job = options.job;
    if (options.command == Command::surface &&
        std::ranges::none_of(job.experiments, &Experiment::draws_surfaces))
    {
        throw InputError(
            "surface.targets = 0: the job has no surfaces (nothing to compute); set it, or use "
            "--job "
            "jobs/figure1.ini");
    }
    if (job.experiments.empty())
    {
        throw InputError(
            "experiments = none: the job is for surf_sweep theory (nothing to run); name a job "
            "with "
            "experiments");
    }
    Preparation prepared;
    if (job.needs_images())
    {
        data::DataSet images = data::load_data_set(job.data);
        prepared.data = images.spec();
        prepared.test_images = std::move(images.test);
    }
    // Refuses what cannot be done, before anything is written.
    Plan const plan = make_plan(job, prepared.data);
    require_writable_folder(job.output, "output");
    prepared.lock = std::make_unique<FolderLock>(job.output);
    if (missing_chains(plan) > 0)  // a folder of chains that are all there may be another's
    {
        require_writable_folder(job.chains, "chains");
    }
    require_same_data(job, plan, options.accepts_new_data);
    remove_unpublished(job.output);
    remove_unpublished(job.output / "segments");
    remove_unpublished(job.output / "unfinished");
    remove_unpublished(job.output / "grants");
    publish_job(job, prepared.data);
    if (job.needs_images())
    {
        publish_data_spec(job.output, prepared.data);
    }
    return prepared;
}

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

void publish(RunContext const& context, std::vector<StoredCell> const& cells,
             mpi::NodeTopology const& topology)
{
    auto provenance = provenance_of(context.job, context.plan, cells);
    provenance["ranks"] = fmt::format("{}", topology.hosts.size());
    provenance["rank_hosts"] = fmt::format("{}", fmt::join(topology.hosts, ","));
    auto const summarised =
        publish_results(context.job, context.plan, cells, std::move(provenance));
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
    auto const cells = stored_cells(context.plan, context.job.output, store::find_segment);
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
        publish(context, cells, topology);
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
