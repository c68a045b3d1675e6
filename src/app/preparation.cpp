#include "app/preparation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include "app/job/output_notes.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "base/pending_file.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

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

bool has_files(fs::path const& folder)
{
    std::error_code none;
    return !fs::is_empty(folder, none) && !none;
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
        return !knows_chains && (has_files(output / "segments") || has_files(output / "packs"));
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

}  // namespace

std::ptrdiff_t missing_chains(Plan const& plan)
{
    return std::ranges::count_if(plan.chains, [](PlannedChain const& chain) {
        return chain.training && !fs::exists(chain.path);
    });
}

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
    remove_unpublished(job.output / "packs");
    remove_unpublished(job.output / "unfinished");
    remove_unpublished(job.output / "grants");
    publish_job(job, prepared.data);
    if (job.needs_images())
    {
        publish_data_spec(job.output, prepared.data);
    }
    return prepared;
}

}  // namespace surf::app
