#include <fmt/format.h>

#include "app/command.hpp"
#include "app/estimate.hpp"
#include "app/results.hpp"
#include "app/stored.hpp"
#include "app/surfaces.hpp"
#include "app/text_table.hpp"
#include "base/name_table.hpp"

namespace surf::app
{
namespace
{

std::string evaluations_text(double evaluations)
{
    return fmt::format("{:.1e}", evaluations);
}

/// Sums of a plan's estimates.
struct Totals
{
    double training = 0;      ///< evaluations of chains that are not published
    double trials = 0;        ///< of blocks that are not stored
    std::int64_t chains = 0;  ///< bytes
    std::int64_t segments = 0;
    std::int64_t results = 80'000;  ///< HDF5's own and the summary
};

std::string stored_text(StoredChain const& chain)
{
    return chain.state == ChainState::training
               ? fmt::format("training, {} snapshots", chain.snapshots)
               : std::string(name_of(chain_state_table, chain.state));
}

std::string chain_table(Job const& job, Plan const& plan, Totals& totals)
{
    TextTable table({"chain", "model", "k", "snapshots", "steps", "evaluations", "file", "stored"});
    for (auto const& [spec, header] : plan.chains)
    {
        StoredChain const stored = stored_chain(job.chains, header);
        double const cost = training_cost(spec);
        totals.training += stored.state == ChainState::published ? 0 : cost;
        totals.chains += chain_bytes(spec);
        table.add({header.id().brief(), std::string(name_of(model::model_table, spec.model)),
                   fmt::format("{}", spec.latent_dim), fmt::format("{}", header.snapshots),
                   fmt::format("{}", spec.steps()), evaluations_text(cost),
                   bytes_text(chain_bytes(spec)), stored_text(stored)});
    }
    return table.text();
}

std::string cell_table(Plan const& plan, std::vector<StoredCell> const& stored,
                       PlannedExperiment const& experiment)
{
    TextTable table({"cell", "chain", "model", "k", "task", "operator", "m", "method", "trials",
                     "blocks", "after", "evaluations", "stored blocks"});
    for (sched::CellIndex const index : experiment.cells)
    {
        PlannedCell const& cell = plan[index];
        StoredCell const& found = stored[static_cast<std::size_t>(index)];
        trial::Problem const& problem = cell.spec.problem;
        table.add({cell.spec.id().brief(), cell.spec.chain.brief(),
                   std::string(name_of(model::model_table, problem.model)),
                   fmt::format("{}", problem.latent_dim),
                   std::string(name_of(trial::task_table, problem.task)),
                   std::string(name_of(trial::operator_table, problem.measurement)),
                   fmt::format("{}", problem.measurements),
                   std::string(name_of(trial::method_table, cell.spec.method)),
                   fmt::format("{}", cell.trials), fmt::format("{}", found.planned_blocks),
                   cell.budget_from ? plan[*cell.budget_from].spec.id().brief() : "chain",
                   evaluations_text(static_cast<double>(cell.trials) * trial_cost(cell.spec)),
                   fmt::format("{}", found.blocks.size())});
    }
    return table.text();
}

std::string surface_table(Job const& job, Plan const& plan, PlannedExperiment const& experiment)
{
    TextTable table({"surfaces", "chain", "model", "targets", "levels", "grid", "file", "stored"});
    for (PlannedSurface const& surface : experiment.surfaces)
    {
        chain::ChainHeader const& header = plan[surface.chain].header;
        landscape::SurfaceSpec const& spec = surface.spec;
        auto const path = surface_path(job, plan, surface);
        table.add({experiment.name, header.id().brief(),
                   std::string(name_of(model::model_table, plan[surface.chain].spec.model)),
                   fmt::format("{}", spec.targets), fmt::format("{}", spec.levels),
                   fmt::format("{0} x {0}", spec.points), path.filename().string(),
                   std::filesystem::exists(path) ? "yes" : "no"});
    }
    return table.text();
}

/// What is left to do of the cells, each counted once.
void add_cells(Plan const& plan, std::vector<StoredCell> const& stored, Totals& totals)
{
    for (std::size_t i = 0; i < stored.size(); ++i)
    {
        PlannedCell const& cell = plan.cells[i];
        auto const missing =
            static_cast<double>(cell.trials - std::ssize(stored[i].result.outcomes));
        totals.trials += missing * trial_cost(cell.spec);
        std::int64_t const k = cell.spec.problem.latent_dim;
        totals.segments += segments_bytes(k, stored[i].planned_blocks, cell.trials);
        totals.results += results_bytes(k, cell.trials);
    }
}

std::string on_cores(double evaluations)
{
    return fmt::format("{} on one core", duration_text(evaluations / evaluations_per_second));
}

}  // namespace

ExitCode plan_command(Options const& options)
{
    Job const& job = options.job;
    Plan const plan = load_plan(job);
    Totals totals;
    fmt::print("job {} from {}, output {}\n\n", plan.job.brief(), options.job_file.string(),
               job.output.string());
    std::vector<StoredCell> const stored = stored_cells(plan, job.output, peek_segment);
    add_cells(plan, stored, totals);
    fmt::print("{} chains in {}\n{}\n", plan.chains.size(), job.chains.string(),
               chain_table(job, plan, totals));
    fmt::print("{} cells in {} blocks\n", plan.cells.size(), plan.blocks.size());
    for (PlannedExperiment const& experiment : plan.experiments)
    {
        fmt::print("\nexperiment {}\n", experiment.name);
        if (!experiment.cells.empty())
        {
            fmt::print("{}", cell_table(plan, stored, experiment));
        }
        if (!experiment.surfaces.empty())
        {
            fmt::print("{}", surface_table(job, plan, experiment));
        }
    }
    fmt::print("\nleft to do, roughly: training {}, trials {}\n", on_cores(totals.training),
               on_cores(totals.trials));
    fmt::print("files: chains {}, segments {}, results {}{}\n", bytes_text(totals.chains),
               bytes_text(totals.segments), bytes_text(totals.results),
               results_job(job.output) == plan.job ? " (there already)" : "");
    return ExitCode::success;
}

}  // namespace surf::app
