#include "app/job/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <ranges>

#include "app/job/estimate.hpp"
#include "base/contract.hpp"
#include "base/error.hpp"
#include "data/images.hpp"

namespace surf::app
{
namespace
{

using sched::BlockIndex;
using sched::CellIndex;
using sched::ChainIndex;

template <class Entry, class Index>
Entry const& entry(std::vector<Entry> const& table, Index index)
{
    EXPECT(static_cast<std::size_t>(index) < table.size());
    return table[static_cast<std::size_t>(index)];
}

/// Adds experiments to a plan: chains and cells that it does not have yet, and the cells' blocks.
class Planner
{
  public:
    Planner(Job const& job, Plan& plan) : job_(job), plan_(plan) {}

    void add(Experiment const& experiment)
    {
        experiment_ = &experiment;
        plan_.experiments.push_back({experiment.name, {}, {}});
        for (ModelKind const model : experiment.train.models)
        {
            for (std::int64_t const latent_dim : experiment.train.latent_dims)
            {
                ChainIndex const chain = add_chain(model, latent_dim);
                if (experiment.draws_surfaces())
                {
                    plan_.experiments.back().surfaces.push_back({chain, experiment.surface});
                }
                add_problems(chain);
            }
        }
    }

  private:
    ChainIndex add_chain(ModelKind model, std::int64_t latent_dim)
    {
        TrainJob const& train = experiment_->train;
        TrainSpec const spec{.seed = job_.seed,
                             .model = model,
                             .latent_dim = latent_dim,
                             .hyper = train.hyperparameters(model),
                             .intervals = train.intervals,
                             .steps_per_snapshot = train.steps_per_snapshot,
                             .data_checksum = plan_.data_checksum,
                             .threads = train.threads};
        auto const next = static_cast<ChainIndex>(plan_.chains.size());
        auto const [place, is_new] = chains_.emplace(spec.id(), next);
        if (is_new)
        {
            plan_.chains.push_back({spec, {spec.canonical(), spec.intervals + 1}});
        }
        return place->second;
    }

    void add_problems(ChainIndex chain)
    {
        TrialJob const& trials = experiment_->trials;
        TrainSpec const& spec = plan_[chain].spec;
        for (Task const task : trials.tasks)
        {
            bool const whole = !measures(task) || trials.measurement == Operator::identity;
            std::vector<std::int64_t> const all_pixels = {image_size};
            for (std::int64_t const m : whole ? all_pixels : trials.measurements)
            {
                Problem problem{job_.seed, spec.model, spec.latent_dim, task, m};
                if (measures(task))
                {
                    problem.measurement = trials.measurement;
                    problem.draw = trials.draw;
                    problem.noise = trials.noise;
                }
                add_cells(chain, problem);
            }
        }
    }

    /// One cell a method, in the table's order, so that a budget's source comes first.
    void add_cells(ChainIndex chain, Problem const& problem)
    {
        std::map<Method, CellIndex> cells;
        for (auto const& [method, name, description] : method_table)
        {
            if (experiment_->uses(method))
            {
                auto const source = budget_source(method);
                cells[method] = add_cell(
                    {.spec = {.chain = plan_[chain].header.id(),
                              .problem = problem,
                              .method = method,
                              .adam = experiment_->adam,
                              .stop = experiment_->stop,
                              .surfing = experiment_->surfing,
                              .projected = experiment_->projected,
                              .lm = experiment_->lm,
                              .polish = experiment_->polish,
                              .surfing_lm = experiment_->surfing_lm,
                              .precision = experiment_->trials.precision},
                     .chain = chain,
                     .budget_from = source ? std::optional(cells.at(*source)) : std::nullopt,
                     .trials = experiment_->trials.count,
                     .block_size =
                         std::min(experiment_->trials.block_size, experiment_->trials.count)});
            }
        }
    }

    CellIndex add_cell(PlannedCell const& cell)
    {
        auto const next = static_cast<CellIndex>(plan_.cells.size());
        auto const [place, is_new] = cells_.emplace(cell.spec.id(), next);
        plan_.experiments.back().cells.push_back(place->second);
        if (!is_new)
        {
            require_same_cut(plan_[place->second], cell);
            return place->second;
        }
        plan_.cells.push_back(cell);
        double const cost = trial_cost(cell.spec, plan_[cell.chain].spec.intervals);
        for (std::int64_t first = 0; first < cell.trials; first += cell.block_size)
        {
            std::int64_t const count = std::min(cell.block_size, cell.trials - first);
            plan_.blocks.push_back({next, first, count, static_cast<double>(count) * cost});
        }
        return next;
    }

    void require_same_cut(PlannedCell const& there, PlannedCell const& here) const
    {
        if (there.trials != here.trials || there.block_size != here.block_size)
        {
            throw InputError(fmt::format(
                "experiments: {} asks for {} trials in blocks of {} where another experiment asks "
                "for {} in blocks of {} of the same cell (it is computed once for both); give both "
                "the same trials.count and trials.block_size",
                experiment_->name, here.trials, here.block_size, there.trials, there.block_size));
        }
    }

    Job const& job_;
    Plan& plan_;
    Experiment const* experiment_ = nullptr;  ///< the one being added
    std::map<ChainId, ChainIndex> chains_;
    std::map<CellId, CellIndex> cells_;
};

/// Independent of the order in which the job lists things.
JobId job_id(Plan const& plan)
{
    CanonicalText text;
    for (PlannedCell const& cell : plan.cells)
    {
        text.add(cell.spec.id().hex(),
                 fmt::format("{} trials in blocks of {}", cell.trials, cell.block_size));
    }
    for (PlannedExperiment const& experiment : plan.experiments)
    {
        for (CellIndex const cell : experiment.cells)
        {
            text.add(fmt::format("{}.{}", experiment.name, plan[cell].spec.id().hex()), "member");
        }
        for (PlannedSurface const& surface : experiment.surfaces)
        {
            text.add(fmt::format("{}.{}", experiment.name, plan[surface.chain].header.id().hex()),
                     "surface");
        }
    }
    return JobId::of(text);
}

}  // namespace

PlannedChain const& Plan::operator[](ChainIndex index) const
{
    return entry(chains, index);
}

PlannedCell const& Plan::operator[](CellIndex index) const
{
    return entry(cells, index);
}

PlannedBlock const& Plan::operator[](BlockIndex index) const
{
    return entry(blocks, index);
}

BlockSpec Plan::block_spec(sched::LeasedBlock const& lease) const
{
    PlannedBlock const& block = (*this)[lease.block];
    return {(*this)[block.cell].spec, block.first, block.count, lease.budget};
}

sched::WorkPlan Plan::work() const
{
    sched::WorkPlan work;
    work.chains.resize(chains.size());
    for (PlannedCell const& cell : cells)
    {
        work.cells.push_back({cell.chain, cell.budget_from});
    }
    for (PlannedBlock const& block : blocks)
    {
        work.blocks.push_back({block.cell, block.cost});
    }
    return work;
}

std::vector<BlockIndex> Plan::blocks_of(CellIndex cell) const
{
    auto const range = std::ranges::equal_range(blocks, cell, {}, &PlannedBlock::cell);
    std::vector<BlockIndex> indices;
    for (auto block = range.begin(); block != range.end(); ++block)
    {
        indices.push_back(static_cast<BlockIndex>(block - blocks.begin()));
    }
    return indices;
}

Plan make_plan(Job const& job, std::string const& data_checksum)
{
    Plan plan;
    plan.data_checksum = data_checksum;
    Planner planner(job, plan);
    for (Experiment const& experiment : job.experiments)
    {
        planner.add(experiment);
    }
    plan.job = job_id(plan);
    return plan;
}

std::filesystem::path checksum_path(std::filesystem::path const& output)
{
    return output / "data_checksum";
}

Plan surfaces_of(Plan plan)
{
    plan.cells.clear();
    plan.blocks.clear();
    for (PlannedExperiment& experiment : plan.experiments)
    {
        experiment.cells.clear();
    }
    return plan;
}

Plan load_stored_plan(Job const& job)
{
    std::string checksum;
    std::ifstream(checksum_path(job.output)) >> checksum;
    return checksum.empty() ? load_plan(job) : make_plan(job, checksum);
}

Plan load_plan(Job const& job)
{
    return make_plan(job, data::load_data_set(job.data).checksum());
}

}  // namespace surf::app
