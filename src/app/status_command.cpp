#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "app/command.hpp"
#include "app/results.hpp"
#include "app/run_note.hpp"
#include "app/stored.hpp"
#include "app/surfaces.hpp"
#include "app/terminal.hpp"
#include "app/text_table.hpp"
#include "base/name_table.hpp"

namespace surf::app
{
namespace
{

struct Status
{
    Plan plan;
    std::vector<StoredChain> chains;
    std::vector<std::int64_t> blocks;  ///< stored, by cell
    std::vector<std::filesystem::path> surfaces;
    std::vector<std::filesystem::path> set_aside;
    std::filesystem::path results;  ///< empty if there are none
    RunState run;
};

Status read_status(Job const& job)
{
    Status status{.plan = load_stored_plan(job),
                  .chains = {},
                  .blocks = {},
                  .surfaces = {},
                  .set_aside = {},
                  .results = {},
                  .run = {}};
    // Before the blocks are counted: if it says that nothing runs, they are the last.
    status.run = read_run_state(job.output, status.plan.job, seconds_since_1970());
    for (PlannedChain const& chain : status.plan.chains)
    {
        status.chains.push_back(stored_chain(job.chains, chain));
    }
    for (NamedBlocks const& cell : named_blocks(status.plan, job.output))
    {
        status.blocks.push_back(std::ssize(cell.stored));
    }
    status.run.blocks = std::ssize(status.plan.blocks);
    status.run.blocks_done = std::reduce(status.blocks.begin(), status.blocks.end());
    for (PlannedSurface const& surface : surfaces_in(status.plan))
    {
        status.surfaces.push_back(surface_path(job, status.plan, surface));
    }
    status.set_aside = set_aside_files(job);
    if (results_job(job.output) == status.plan.job)
    {
        status.results = results_path(job.output);
    }
    return status;
}

nlohmann::ordered_json chains_json(Status const& status)
{
    auto json = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < status.chains.size(); ++i)
    {
        PlannedChain const& chain = status.plan.chains[i];
        StoredChain const& stored = status.chains[i];
        json.push_back({{"id", chain.header.id().hex()},
                        {"file", chain.path.string()},
                        {"model", chain.generator().label},
                        {"latent_dim", chain.generator().latent_dim},
                        {"training", chain.number},
                        {"state", name_of(chain_state_table, stored.state)},
                        {"snapshots_done", stored.snapshots},
                        {"snapshots", chain.header.snapshots},
                        {"reason", nullptr}});
        if (stored.state == ChainState::diverged)
        {
            json.back()["reason"] = stored.reason;
        }
    }
    return json;
}

nlohmann::ordered_json experiments_json(Plan const& plan)
{
    auto json = nlohmann::ordered_json::array();
    for (PlannedExperiment const& experiment : plan.experiments)
    {
        auto cells = nlohmann::ordered_json::array();
        for (sched::CellIndex const cell : experiment.cells)
        {
            cells.push_back(plan[cell].spec.id().hex());
        }
        json.push_back({{"name", experiment.name}, {"cells", std::move(cells)}});
    }
    return json;
}

nlohmann::ordered_json cells_json(Status const& status)
{
    auto json = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < status.blocks.size(); ++i)
    {
        auto const cell = static_cast<sched::CellIndex>(i);
        CellSpec const& spec = status.plan[cell].spec;
        Problem const& problem = spec.problem;
        json.push_back({{"id", spec.id().hex()},
                        {"chain", spec.chain.hex()},
                        {"model", spec.generator.label},
                        {"latent_dim", spec.generator.latent_dim},
                        {"task", name_of(task_table, problem.task)},
                        {"operator", name_of(operator_table, problem.measured_by)},
                        {"measurements", spec.measurements()},
                        {"draw", name_of(draw_table, problem.draw)},
                        {"noise", problem.noise},
                        {"target_scale", problem.target_scale},
                        {"method", name_of(method_table, spec.method)},
                        {"blocks_done", status.blocks[i]},
                        {"blocks", status.plan.blocks_of(cell).size()}});
    }
    return json;
}

nlohmann::ordered_json run_json(RunState const& run)
{
    nlohmann::ordered_json json = {{"running", run.running}, {"started", nullptr},
                                   {"updated", nullptr},     {"ranks", nullptr},
                                   {"training", nullptr},    {"blocks_done", run.blocks_done},
                                   {"blocks", run.blocks},   {"seconds_left", nullptr}};
    if (run.note)
    {
        json["started"] = iso_time(run.note->started);
        json["updated"] = iso_time(run.note->updated);
        json["ranks"] = run.note->ranks;
    }
    if (run.running && run.note && !run.note->training.empty())
    {
        json["training"] = run.note->training;
    }
    if (auto const left = run.seconds_left(seconds_since_1970()))
    {
        json["seconds_left"] = *left;
    }
    return json;
}

/// `indent`: blanks a level; less than 0: all in one line.
std::string to_json(Job const& job, Status const& status, int indent)
{
    nlohmann::ordered_json json;
    json["job_id"] = status.plan.job.hex();
    json["output"] = job.output.string();
    json["run"] = run_json(status.run);
    json["chains"] = chains_json(status);
    json["experiments"] = experiments_json(status.plan);
    json["cells"] = cells_json(status);
    json["surfaces"] = nlohmann::ordered_json::array();
    for (std::filesystem::path const& file : status.surfaces)
    {
        json["surfaces"].push_back({{"file", file.string()}, {"stored", exists(file)}});
    }
    json["set_aside"] = nlohmann::ordered_json::array();
    for (std::filesystem::path const& file : status.set_aside)
    {
        json["set_aside"].push_back(file.string());
    }
    json["results"] = nullptr;
    if (!status.results.empty())
    {
        json["results"] = status.results.string();
    }
    // A path may be in any encoding, JSON is in UTF-8.
    return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string to_table(Job const& job, Status const& status)
{
    std::size_t const width = terminal_width(STDOUT_FILENO);
    constexpr std::size_t chain_names = 4;  // the first four columns
    TextTable chains({"chain", "model", "k", "training", "state", "snapshots"}, chain_names);
    for (std::size_t i = 0; i < status.chains.size(); ++i)
    {
        PlannedChain const& chain = status.plan.chains[i];
        chains.add({chain.header.id().brief(), chain.generator().label,
                    fmt::format("{}", chain.generator().latent_dim),
                    fmt::format("{}", chain.number),
                    std::string(name_of(chain_state_table, status.chains[i].state)),
                    fmt::format("{}/{}", status.chains[i].snapshots, chain.header.snapshots)});
    }
    constexpr std::size_t cell_names = 8;
    TextTable cells({"cell", "chain", "model", "k", "task", "operator", "m", "method", "blocks"},
                    cell_names);
    std::size_t begun = 0;
    for (std::size_t i = 0; i < status.blocks.size(); ++i)
    {
        if (status.blocks[i] == 0)
        {
            continue;
        }
        ++begun;
        auto const cell = static_cast<sched::CellIndex>(i);
        CellSpec const& spec = status.plan[cell].spec;
        cells.add({spec.id().brief(), spec.chain.brief(), spec.generator.label,
                   fmt::format("{}", spec.generator.latent_dim),
                   std::string(name_of(task_table, spec.problem.task)),
                   std::string(name_of(operator_table, spec.problem.measured_by)),
                   fmt::format("{}", spec.measurements()),
                   std::string(name_of(method_table, spec.method)),
                   fmt::format("{}/{}", status.blocks[i], status.plan.blocks_of(cell).size())});
    }
    std::string text =
        fmt::format("{}\njob {} in {}\n\n{}\n", state_text(status.run, seconds_since_1970()),
                    status.plan.job.brief(), job.output.string(), chains.text(width));
    text += begun > 0 ? cells.text(width) + "\n" : "";
    if (begun < status.blocks.size())
    {
        text += fmt::format("{} of {} cells have no block yet\n", status.blocks.size() - begun,
                            status.blocks.size());
    }
    for (std::string const& chain : failed_chains(status.plan, job.chains))
    {
        text += fmt::format("diverged: {}\n", chain);
    }
    for (std::filesystem::path const& file : status.surfaces)
    {
        text += fmt::format("surface: {}{}\n", file.string(),
                            exists(file) ? "" : " (not computed yet)");
    }
    for (std::filesystem::path const& file : status.set_aside)
    {
        text += fmt::format("set aside as damaged: {}\n", file.string());
    }
    text += fmt::format("results: {}\n",
                        status.results.empty() ? "not written yet" : status.results.string());
    return text;
}

}  // namespace

ExitCode status_command(Options const& options)
{
    constexpr std::chrono::seconds between_looks{5};
    bool const clears = options.watches && is_terminal(STDOUT_FILENO);
    while (true)
    {
        Status const status = read_status(options.job);
        std::string const text = options.format == Format::json
                                     ? to_json(options.job, status, options.watches ? -1 : 2)
                                     : to_table(options.job, status);
        fmt::print("{}{}", clears ? clear_screen : "", text);
        if (!options.watches || !status.run.running)
        {
            return ExitCode::success;
        }
        std::fflush(stdout);
        std::this_thread::sleep_for(between_looks);
    }
}

}  // namespace surf::app
