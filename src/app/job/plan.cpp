#include "app/job/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>

#include "app/job/estimate.hpp"
#include "app/job/feasibility.hpp"
#include "app/job/output_notes.hpp"
#include "base/contract.hpp"
#include "base/error.hpp"
#include "chain/reader.hpp"
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
        own_chains_.clear();
        plan_.experiments.push_back({experiment.name, {}, {}});
        for (ChosenModel const& model : experiment.train.models)
        {
            if (!model.trained)
            {
                add_work(find_or_add(numbered(chain_from(model.chain))));
                continue;
            }
            for (std::int64_t const latent_dim : experiment.train.latent_dims)
            {
                add_trainings(*model.trained, latent_dim);
            }
        }
        require_distinct_labels(plan_, plan_.experiments.back());
    }

  private:
    void add_trainings(Model const& model, std::int64_t latent_dim)
    {
        std::vector<std::uint64_t> const& seeds = experiment_->train.seeds;
        for (std::uint64_t const seed : seeds.empty() ? std::vector{job_.seed} : seeds)
        {
            add_work(find_or_add(chain_to_train(model, latent_dim, seed)));
        }
    }

    PlannedChain chain_to_train(Model const& model, std::int64_t latent_dim,
                                std::uint64_t seed) const
    {
        TrainJob const& train = experiment_->train;
        TrainSpec const spec{.seed = seed,
                             .model = model,
                             .latent_dim = latent_dim,
                             .hyper = train.hyperparameters(model),
                             .intervals = train.intervals,
                             .steps_per_snapshot = train.steps_per_snapshot,
                             .data = plan_.data,
                             .threads = train.threads};
        require_trainable(spec);
        return {{spec.canonical(), spec.intervals + 1, spec.generator(), ""},
                chain::chain_path(job_.chains, spec.id()),
                spec,
                static_cast<std::int64_t>(seed),
                train.seeds.size() > 1};
    }

    static PlannedChain chain_from(std::filesystem::path const& path)
    {
        if (!std::filesystem::exists(path))
        {
            throw EnvironmentError(fmt::format(
                "train.models = {}: no such chain file (a chain from elsewhere must be there "
                "already) write it as docs/generators.md says, or correct the path",
                path.string()));
        }
        return {chain::Reader(path).header(), path, std::nullopt};
    }

    /// With its number among the plan's chains of its label that were trained elsewhere.
    PlannedChain numbered(PlannedChain chain) const
    {
        chain.number = std::ranges::count_if(plan_.chains, [&](PlannedChain const& other) {
            return !other.training && other.generator().label == chain.generator().label &&
                   other.generator().latent_dim == chain.generator().latent_dim;
        });
        chain.numbered = chain.number > 0;
        return chain;
    }

    ChainIndex find_or_add(PlannedChain chain)
    {
        auto const next = static_cast<ChainIndex>(plan_.chains.size());
        auto const [place, is_new] = chains_.emplace(chain.header.id(), next);
        if (is_new)
        {
            plan_.chains.push_back(std::move(chain));
        }
        return place->second;
    }

    void add_work(ChainIndex chain)
    {
        if (!own_chains_.insert(chain).second)
        {
            throw InputError(fmt::format(
                "train.models: two of {} are the same chain, {} ({}); leave one out",
                experiment_->name, plan_[chain].header.id().brief(), plan_[chain].name()));
        }
        if (experiment_->draws_surfaces())
        {
            require_drawable(*experiment_, plan_[chain], plan_.data);
            plan_.experiments.back().surfaces.push_back({chain, experiment_->surface});
        }
        add_problems(chain);
    }

    void add_problems(ChainIndex chain)
    {
        TrialJob const& trials = experiment_->trials;
        for (Task const task : trials.tasks)
        {
            bool const whole = !measures(task) || trials.measured_by == Operator::identity;
            std::vector<std::int64_t> const all = {plan_[chain].generator().pixels()};
            for (std::int64_t const m : whole ? all : trials.measurements)
            {
                Problem problem{
                    .seed = trials.seed.value_or(job_.seed), .task = task, .measurements = m};
                if (measures(task))
                {
                    problem.measured_by = trials.measured_by;
                    problem.draw = trials.draw;
                    problem.noise = trials.noise;
                }
                if (has_latent(task))
                {
                    problem.target_scale = trials.target_scale;
                }
                else
                {
                    problem.data_checksum = plan_.data.checksum;
                }
                add_cells(chain, problem);
            }
        }
    }

    /// One cell a method.
    void add_cells(ChainIndex chain, Problem const& problem)
    {
        std::map<Method, CellIndex> cells;
        for (MethodEntry const& entry : method_table)
        {
            if (experiment_->uses(entry.kind))
            {
                add_method(chain, problem, entry.kind, cells);
            }
        }
    }

    /// The method's cell, after those that its budget comes from.
    CellIndex add_method(ChainIndex chain, Problem const& problem, Method method,
                         std::map<Method, CellIndex>& cells)
    {
        if (auto const there = cells.find(method); there != cells.end())
        {
            return there->second;
        }
        PlannedCell cell{
            .spec = {.chain = plan_[chain].header.id(),
                     .generator = plan_[chain].generator(),
                     .problem = problem,
                     .method = method,
                     .adam = experiment_->adam,
                     .stop = experiment_->stop,
                     .surfing = experiment_->surfing,
                     .projected = experiment_->projected,
                     .lm = experiment_->lm,
                     .polish = experiment_->polish,
                     .surfing_lm = experiment_->surfing_lm,
                     .restarts = experiment_->restarts,
                     .precision = experiment_->trials.precision},
            .chain = chain,
            .budget_from = {},
            .trials = experiment_->trials.count,
            .block_size = std::min(experiment_->trials.block_size, experiment_->trials.count)};
        for (BudgetNeed const& need : cell.spec.budget_needs())
        {
            cell.budget_from.push_back(add_method(chain, problem, need.source, cells));
        }
        return cells[method] = add_cell(cell);
    }

    CellIndex add_cell(PlannedCell const& cell)
    {
        require_solvable(cell, plan_[cell.chain], plan_.data);
        auto const next = static_cast<CellIndex>(plan_.cells.size());
        auto const [place, is_new] = cells_.emplace(cell.spec.id(), next);
        plan_.experiments.back().cells.push_back(place->second);
        if (!is_new)
        {
            require_same_cut(plan_[place->second], cell);
            return place->second;
        }
        plan_.cells.push_back(cell);
        double const cost = trial_cost(cell.spec, plan_[cell.chain].intervals());
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
    std::set<ChainIndex> own_chains_;         ///< the chains that it has so far
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

Budget own_budget(CellSpec const& cell)
{
    return {.evaluations =
                heeds(cell.method, SettingGroup::restarts) ? cell.restarts.evaluations : 0};
}

std::string PlannedChain::name() const
{
    return fmt::format("{} k={}{}", generator().label, generator().latent_dim,
                       numbered ? fmt::format(" training={}", number) : "");
}

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
    for (PlannedChain const& chain : chains)
    {
        auto const& training = chain.training;
        work.chains.push_back({.published = !training,
                               .wanted = wants_chains,
                               .cost = training ? training_cost(*training) : 0,
                               .threads = training ? static_cast<int>(training->threads) : 1});
    }
    for (PlannedCell const& cell : cells)
    {
        work.cells.push_back({cell.chain, cell.budget_from, own_budget(cell.spec)});
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

Plan make_plan(Job const& job, DataSpec const& data)
{
    Plan plan;
    plan.data = data;
    Planner planner(job, plan);
    for (Experiment const& experiment : job.experiments)
    {
        planner.add(experiment);
    }
    plan.job = job_id(plan);
    return plan;
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

Plan chains_of(Plan plan)
{
    plan = surfaces_of(std::move(plan));
    for (PlannedExperiment& experiment : plan.experiments)
    {
        experiment.surfaces.clear();
    }
    plan.wants_chains = true;
    return plan;
}

Plan load_plan(Job const& job)
{
    return make_plan(job, job.needs_images() ? data::load_data_set(job.data).spec() : DataSpec{});
}

Plan load_stored_plan(Job const& job)
{
    auto const data = find_data_spec(job.output);
    return data && job.needs_images() ? make_plan(job, *data) : load_plan(job);
}

}  // namespace surf::app
