#include "app/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <ranges>

#include "app/estimate.hpp"
#include "base/contract.hpp"
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

/// Adds cells to a plan, and their blocks.
class Planner
{
  public:
    Planner(Job const& job, Plan& plan) : job_(job), plan_(plan) {}

    void add_chain(model::ModelKind model, std::int64_t latent_dim, std::string const& checksum)
    {
        train::TrainSpec const spec{.seed = job_.seed,
                                    .model = model,
                                    .latent_dim = latent_dim,
                                    .hyper = job_.train.hyperparameters(model),
                                    .intervals = job_.train.intervals,
                                    .steps_per_snapshot = job_.train.steps_per_snapshot,
                                    .data_checksum = checksum,
                                    .threads = job_.train.threads};
        plan_.chains.push_back({spec, {spec.canonical(), spec.intervals + 1}});
        for (trial::Task const task : job_.trials.tasks)
        {
            std::vector<std::int64_t> const all_pixels = {model::image_size};
            for (std::int64_t const m :
                 trial::measures(task) ? job_.trials.measurements : all_pixels)
            {
                add_problem({job_.seed, model, latent_dim, task, m});
            }
        }
    }

  private:
    /// One cell a method, in the table's order, so that adam's cell comes before surfing's.
    void add_problem(trial::Problem const& problem)
    {
        std::optional<CellIndex> adam;
        for (auto const& [method, name, description] : trial::method_table)
        {
            if (!job_.uses(method))
            {
                continue;
            }
            auto const cell = static_cast<CellIndex>(plan_.cells.size());
            bool const surfs = method == trial::Method::surfing;
            add_cell({.spec = {.chain = plan_.chains.back().header.id(),
                               .problem = problem,
                               .method = method,
                               .adam = job_.adam,
                               .stop = job_.stop,
                               .surfing = job_.surfing},
                      .chain = static_cast<ChainIndex>(plan_.chains.size() - 1),
                      .budget_from = surfs ? adam : std::nullopt});
            if (method == trial::Method::adam)
            {
                adam = cell;
            }
        }
    }

    void add_cell(PlannedCell const& cell)
    {
        auto const index = static_cast<CellIndex>(plan_.cells.size());
        plan_.cells.push_back(cell);
        for (std::int64_t first = 0; first < job_.trials.count; first += job_.trials.block_size)
        {
            std::int64_t const count = std::min(job_.trials.block_size, job_.trials.count - first);
            plan_.blocks.push_back(
                {index, first, count, static_cast<double>(count) * trial_cost(cell.spec)});
        }
    }

    Job const& job_;
    Plan& plan_;
};

/// Independent of the order in which the job lists things.
JobId job_id(Job const& job, std::vector<PlannedCell> const& cells)
{
    std::string const cut = fmt::format("{} trials in blocks of {}", job.trials.count,
                                        std::min(job.trials.block_size, job.trials.count));
    CanonicalText text;
    for (PlannedCell const& cell : cells)
    {
        text.add(cell.spec.id().hex(), cut);
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

trial::BlockSpec Plan::block_spec(sched::LeasedBlock const& lease) const
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
    Planner planner(job, plan);
    for (model::ModelKind const model : job.train.models)
    {
        for (std::int64_t const latent_dim : job.train.latent_dims)
        {
            planner.add_chain(model, latent_dim, data_checksum);
        }
    }
    plan.job = job_id(job, plan.cells);
    return plan;
}

std::filesystem::path checksum_path(std::filesystem::path const& output)
{
    return output / "data_checksum";
}

Plan load_stored_plan(Job const& job)
{
    std::string checksum;
    std::ifstream(checksum_path(job.output)) >> checksum;
    return checksum.empty() ? load_plan(job) : make_plan(job, checksum);
}

Plan load_plan(Job const& job)
{
    return make_plan(job, data::load_training_images(job.data).checksum);
}

}  // namespace surf::app
