#include "app/results.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <set>

#include "app/versions.hpp"
#include "base/error.hpp"
#include "hdf5/file.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

constexpr h5::FileType results_type{.name = "surf_sweep/results"};
constexpr char const* job_id_key = "job_id";

JobId job_of(fs::path const& results)
{
    h5::FileReader const file(results, results_type);
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
    Versions const all = versions();
    return {{job_id_key, plan.job.hex()},
            {"seed", fmt::format("{}", job.seed)},
            {"data_checksum", plan.chains.front().spec.data_checksum},
            {"program_version", all.program},
            {"git_revision", all.revision},
            {"libtorch_version", all.libtorch},
            {"blas_version", all.blas},
            {"mpi_version", all.mpi},
            {"hdf5_version", all.hdf5},
            {"hosts", fmt::format("{}", fmt::join(hosts, ","))},
            {"devices", fmt::format("{}", fmt::join(devices, ","))}};
}

std::vector<reduce::CellResult> results_of(std::vector<StoredCell> const& cells)
{
    std::vector<reduce::CellResult> results;
    for (StoredCell const& cell : cells)
    {
        results.push_back(cell.result);
    }
    return results;
}

void publish_results(Job const& job, Plan const& plan, std::vector<StoredCell> const& cells,
                     std::map<std::string, std::string> provenance)
{
    fs::path const path = results_path(job.output);
    if (fs::exists(path))
    {
        keep_other_jobs_results(path, plan.job);
    }
    reduce::write_results(path, {results_of(cells), std::move(provenance), job.text()});
}

}  // namespace surf::app
