#include "app/results.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <set>

#include "app/job/job_keys.hpp"
#include "app/versions.hpp"
#include "base/error.hpp"
#include "hdf5/file.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

constexpr char const* job_id_key = "job_id";

JobId job_of(fs::path const& results)
{
    h5::FileReader const file(results, reduce::results_type);
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
    for (StoredCell const& cell : cells)
    {
        for (store::BlockRun const& run : cell.runs)
        {
            hosts.insert(run.host);
            devices.insert(run.device);
        }
    }
    auto provenance = version_attributes();
    provenance[job_id_key] = plan.job.hex();
    provenance["seed"] = fmt::format("{}", job.seed);
    provenance["data_checksum"] = plan.data.checksum;
    provenance["hosts"] = fmt::format("{}", fmt::join(hosts, ","));
    provenance["devices"] = fmt::format("{}", fmt::join(devices, ","));
    provenance["failed_chains"] =
        fmt::format("{}", fmt::join(failed_chains(plan, job.chains), "\n"));
    return provenance;
}

std::vector<reduce::CellResult> results_of(Plan const& plan, std::vector<StoredCell> const& cells)
{
    std::vector<reduce::CellResult> results;
    for (PlannedExperiment const& experiment : plan.experiments)
    {
        for (sched::CellIndex const cell : experiment.cells)
        {
            results.push_back(cells[static_cast<std::size_t>(cell)].result);
            results.back().experiment = experiment.name;
        }
    }
    return results;
}

std::vector<reduce::SummarisedCell> publish_results(Job const& job, Plan const& plan,
                                                    std::vector<StoredCell> const& cells,
                                                    std::map<std::string, std::string> provenance)
{
    fs::path const path = results_path(job.output);
    if (fs::exists(path))
    {
        keep_other_jobs_results(path, plan.job);
    }
    auto summarised = reduce::summarise(results_of(plan, cells));
    reduce::write_results(path, {.cells = summarised,
                                 .provenance = std::move(provenance),
                                 .job = job.text(),
                                 .experiments = settings_of(job)});
    return summarised;
}

}  // namespace surf::app
