#include <fmt/format.h>

#include "app/command.hpp"
#include "app/estimate.hpp"
#include "app/results.hpp"
#include "app/stored.hpp"
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
        StoredChain const stored = stored_chain(job.output, header);
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

std::string cell_table(Job const& job, Plan const& plan, Totals& totals)
{
    TextTable table({"cell", "chain", "task", "m", "method", "trials", "blocks", "after",
                     "evaluations", "stored blocks"});
    std::vector<StoredCell> const cells = stored_cells(plan, job.output, peek_segment);
    for (std::size_t i = 0; i < cells.size(); ++i)
    {
        StoredCell const& stored = cells[i];
        auto const& [spec, chain, budget_from] = plan.cells[i];
        std::int64_t const trials = stored.result.planned;
        auto const missing = static_cast<double>(trials - std::ssize(stored.result.outcomes));
        totals.trials += missing * trial_cost(spec);
        std::int64_t const k = spec.problem.latent_dim;
        totals.segments += segments_bytes(k, stored.planned_blocks, trials);
        totals.results += results_bytes(k, trials);
        table.add({spec.id().brief(), spec.chain.brief(),
                   std::string(name_of(trial::task_table, spec.problem.task)),
                   fmt::format("{}", spec.problem.measurements),
                   std::string(name_of(trial::method_table, spec.method)),
                   fmt::format("{}", trials), fmt::format("{}", stored.planned_blocks),
                   budget_from ? plan[*budget_from].spec.id().brief() : "chain",
                   evaluations_text(static_cast<double>(trials) * trial_cost(spec)),
                   fmt::format("{}", stored.blocks.size())});
    }
    return table.text();
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
    fmt::print("{} chains\n{}\n", plan.chains.size(), chain_table(job, plan, totals));
    fmt::print("{} cells in {} blocks\n{}\n", plan.cells.size(), plan.blocks.size(),
               cell_table(job, plan, totals));
    fmt::print("left to do, roughly: training {}, trials {}\n", on_cores(totals.training),
               on_cores(totals.trials));
    fmt::print("files: chains {}, segments {}, results {}{}\n", bytes_text(totals.chains),
               bytes_text(totals.segments), bytes_text(totals.results),
               results_job(job.output) == plan.job ? " (there already)" : "");
    return ExitCode::success;
}

}  // namespace surf::app
