#include "app/results.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "app/job/job_keys.hpp"
#include "app/versions.hpp"
#include "base/error.hpp"
#include "base/not_a_number.hpp"
#include "chain/chain.hpp"
#include "hdf5/file.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

constexpr char const* job_id_key = "job_id";

/// Whatever its schema version: earlier ones say it in the same place.
JobId job_of(fs::path const& results)
{
    h5::FileReader const file(results);
    return JobId::from_hex(file.root().group("provenance").attribute<std::string>(job_id_key));
}

void keep_other_jobs_results(fs::path const& path, JobId const& job)
{
    try
    {
        JobId const found = job_of(path);
        if (found == job)
        {
            return;
        }
        fs::path const kept = path.parent_path() / fmt::format("results-{}.h5", found.brief());
        fs::rename(path, kept);
        spdlog::warn("{} held the results of another job ({}): renamed to {}", path.string(),
                     found.brief(), kept.filename().string());
    }
    catch (FileError const& error)
    {
        h5::set_aside(path, error.what());
    }
    catch (fs::filesystem_error const& error)
    {
        throw EnvironmentError(
            fmt::format("{}: holds another job's results and cannot be renamed "
                        "({}); move it away",
                        path.string(), error.code().message()));
    }
}

/// Of the experiments that have trials.
std::vector<reduce::ExperimentSettings> settings_of(Job const& job)
{
    std::vector<reduce::ExperimentSettings> all;
    for (Experiment const& experiment : job.experiments)
    {
        if (!experiment.trials.tasks.empty())
        {
            all.push_back({experiment.name, effective_settings(experiment)});
        }
    }
    return all;
}

/// "2026-11-28T05:30:00Z" of a moment in seconds since 1970.
std::string iso_time(double moment)
{
    std::chrono::sys_seconds const seconds(std::chrono::seconds(static_cast<std::int64_t>(moment)));
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

/// The last number of an entry of a chain's log, where it has one.
double last_of_log(h5::Group const& log, std::string const& entry)
{
    auto const values =
        log.exists(entry) ? log.dataset(entry).read<double>() : std::vector<double>();
    return values.empty() ? not_a_number : values.back();
}

/// Of the chains that are there and can be read.
std::vector<reduce::ChainRecord> chain_records(Plan const& plan)
{
    std::vector<reduce::ChainRecord> records;
    for (PlannedChain const& chain : plan.chains)
    {
        try
        {
            h5::FileReader const file(chain.path);
            h5::Group const log = file.root().group("log");
            records.push_back({chain.header.id(), chain.generator().label,
                               chain.generator().latent_dim, chain.number, chain.header.snapshots,
                               last_of_log(log, chain::frechet_entry),
                               last_of_log(log, chain::diversity_entry)});
        }
        catch (Error const& error)
        {
            spdlog::debug("{}", error.what());  // the cells say what they lack
        }
    }
    return records;
}

std::vector<reduce::BlockRecord> block_records(Plan const& plan,
                                               std::vector<StoredCell> const& cells)
{
    std::vector<reduce::BlockRecord> records;
    for (StoredCell const& cell : cells)
    {
        CellId const id = cell.result.spec.id();
        for (std::size_t i = 0; i < cell.blocks.size(); ++i)
        {
            PlannedBlock const& block = plan[cell.blocks[i]];
            records.push_back({cell.ids[i], id, block.first, block.count, cell.runs[i]});
        }
    }
    return records;
}

}  // namespace

fs::path results_path(fs::path const& output)
{
    return output / "results.h5";
}

std::optional<JobId> results_job(fs::path const& output)
{
    try
    {
        return job_of(results_path(output));
    }
    catch (Error const&)
    {
        return std::nullopt;
    }
}

std::map<std::string, std::string> provenance_of(Job const& job, Plan const& plan,
                                                 std::vector<StoredCell> const& cells)
{
    std::set<std::string> hosts;
    std::set<std::string> devices;
    double started = std::numeric_limits<double>::infinity();
    double ended = -started;
    for (StoredCell const& cell : cells)
    {
        for (store::BlockRun const& run : cell.runs)
        {
            hosts.insert(run.host);
            devices.insert(run.device);
            started = std::fmin(started, run.start);  // which may not be known
            ended = std::fmax(ended, run.start + run.seconds);
        }
    }
    auto provenance = version_attributes();
    provenance[job_id_key] = plan.job.hex();
    provenance["seed"] = fmt::format("{}", job.seed);
    provenance["data_checksum"] = plan.data.checksum;
    provenance["hosts"] = fmt::format("{}", fmt::join(hosts, ","));
    provenance["devices"] = fmt::format("{}", fmt::join(devices, ","));
    if (std::isfinite(started))
    {
        provenance["started"] = iso_time(started);
        provenance["ended"] = iso_time(ended);
    }
    provenance["failed_chains"] =
        fmt::format("{}", fmt::join(failed_chains(plan, job.chains), "\n"));
    return provenance;
}

std::vector<reduce::CellResult> results_of(Plan const& plan, std::vector<StoredCell> cells)
{
    std::vector<int> uses(cells.size());
    for (PlannedExperiment const& experiment : plan.experiments)
    {
        for (sched::CellIndex const cell : experiment.cells)
        {
            ++uses[static_cast<std::size_t>(cell)];
        }
    }
    std::vector<reduce::CellResult> results;
    for (PlannedExperiment const& experiment : plan.experiments)
    {
        for (sched::CellIndex const cell : experiment.cells)
        {
            auto const place = static_cast<std::size_t>(cell);
            reduce::CellResult& result = cells[place].result;  // outcomes are most of the memory
            results.push_back(--uses[place] == 0 ? std::move(result) : result);
            results.back().experiment = experiment.name;
        }
    }
    return results;
}

std::vector<reduce::SummarisedCell> publish_results(Job const& job, Plan const& plan,
                                                    std::vector<StoredCell> cells,
                                                    std::map<std::string, std::string> provenance)
{
    fs::path const path = results_path(job.output);
    if (fs::exists(path))
    {
        keep_other_jobs_results(path, plan.job);
    }
    auto blocks = block_records(plan, cells);
    auto summarised = reduce::summarise(results_of(plan, std::move(cells)));
    std::map<reduce::CellPlace, std::size_t> order;
    for (reduce::SummarisedCell const& cell : summarised)
    {
        order.emplace(reduce::place_of(cell.result), order.size());
    }
    summarised = reduce::write_results(path, {.cells = std::move(summarised),
                                              .provenance = std::move(provenance),
                                              .job = job.text(),
                                              .experiments = settings_of(job),
                                              .blocks = std::move(blocks),
                                              .chains = chain_records(plan)});
    std::ranges::sort(summarised, {}, [&](reduce::SummarisedCell const& cell) {
        return order.at(reduce::place_of(cell.result));
    });
    return summarised;
}

}  // namespace surf::app
