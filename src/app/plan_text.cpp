#include "app/plan_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <span>

#include "app/job/estimate.hpp"
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

double core_seconds(double evaluations)
{
    return evaluations / evaluations_per_second;
}

std::string core_time(double evaluations)
{
    return duration_text(core_seconds(evaluations));
}

/// "1 cell", "36 cells".
std::string count_text(std::size_t count, std::string const& what)
{
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// Evaluations.
struct Cost
{
    double all = 0;
    double left = 0;  ///< of what is not stored
};

/// A plan beside what is stored of it.
class PlanText
{
  public:
    PlanText(Job const& job, Plan const& plan)
        : job_(job), plan_(plan), cells_(stored_cells(plan, job.output, peek_segment))
    {
        for (PlannedChain const& chain : plan.chains)
        {
            chains_.push_back(stored_chain(job.chains, chain));
        }
        for (std::size_t i = 0; i < plan.experiments.size(); ++i)
        {
            for (sched::CellIndex const cell : plan.experiments[i].cells)
            {
                homes_.emplace(cell, i);
            }
        }
    }

    std::string text() const
    {
        std::string text = fmt::format(
            "Costs are estimates, in evaluations: one forward or one backward pass of the "
            "generator for one\nimage, of which one CPU core does {:.0f} a second (core time).\n\n",
            evaluations_per_second);
        text += chains_text();
        for (std::size_t experiment = 0; experiment < plan_.experiments.size(); ++experiment)
        {
            text += experiment_text(experiment);
        }
        return text + sums_text() + files_text();
    }

  private:
    bool is_diverged(sched::ChainIndex chain) const
    {
        return chains_[static_cast<std::size_t>(chain)].state == ChainState::diverged;
    }

    StoredCell const& stored(sched::CellIndex cell) const
    {
        return cells_[static_cast<std::size_t>(cell)];
    }

    double cost_of(sched::CellIndex cell) const
    {
        PlannedCell const& planned = plan_[cell];
        return static_cast<double>(planned.trials) *
               trial_cost(planned.spec, plan_[planned.chain].intervals());
    }

    std::string chains_text() const
    {
        TextTable table({"chain", "model", "k", "training", "snapshots", "steps", "evaluations",
                         "core time", "file", "stored"});
        for (std::size_t i = 0; i < plan_.chains.size(); ++i)
        {
            PlannedChain const& chain = plan_.chains[i];
            auto const& training = chain.training;
            constexpr char const* nothing = "-";
            double const cost = training ? training_cost(*training) : 0;
            table.add({chain.header.id().brief(), chain.generator().label,
                       fmt::format("{}", chain.generator().latent_dim),
                       fmt::format("{}", chain.number), fmt::format("{}", chain.header.snapshots),
                       training ? fmt::format("{}", training->steps()) : nothing,
                       training ? evaluations_text(cost) : nothing,
                       training ? core_time(cost) : nothing,
                       training ? bytes_text(chain_bytes(*training)) : nothing,
                       training ? state_text(chains_[i]) : chain.path.string()});
        }
        std::string text = fmt::format("{} in {}\n{}", count_text(plan_.chains.size(), "chain"),
                                       job_.chains.string(), table.text());
        for (std::string const& chain : failed_chains(plan_, job_.chains))
        {
            text += fmt::format("diverged: {}\n", chain);
        }
        return text;
    }

    static std::string state_text(StoredChain const& chain)
    {
        std::string const name(name_of(chain_state_table, chain.state));
        return chain.state == ChainState::training || chain.state == ChainState::diverged
                   ? fmt::format("{}, {} snapshots", name, chain.snapshots)
                   : name;
    }

    /// Those of an experiment's cells that are in the table of `home`.
    std::vector<sched::CellIndex> cells_at(std::size_t experiment, std::size_t home) const
    {
        std::vector<sched::CellIndex> cells;
        std::ranges::copy_if(plan_.experiments[experiment].cells, std::back_inserter(cells),
                             [&](sched::CellIndex cell) { return homes_.at(cell) == home; });
        return cells;
    }

    std::string experiment_text(std::size_t index) const
    {
        PlannedExperiment const& experiment = plan_.experiments[index];
        std::string text = fmt::format("\nexperiment {}\n", experiment.name);
        if (auto const cells = cells_at(index, index); !cells.empty())
        {
            text += cells_text(cells);
        }
        auto const before = std::span(plan_.experiments).first(index);
        auto const same = std::ranges::find_if(before, [&](PlannedExperiment const& earlier) {
            return std::ranges::is_permutation(earlier.cells, experiment.cells);
        });
        if (same != before.end() && !experiment.cells.empty())
        {
            text += fmt::format("the cells of {}\n", same->name);
        }
        else
        {
            for (std::size_t home = 0; home < index; ++home)
            {
                text += shared_text(index, home);
            }
        }
        return text + surfaces_text(experiment);
    }

    /// Names the cells that are in another experiment's table.
    std::string shared_text(std::size_t index, std::size_t home) const
    {
        auto const shared = cells_at(index, home);
        if (shared.empty())
        {
            return "";
        }
        std::string text = fmt::format("{} of {}:", count_text(shared.size(), "cell"),
                                       plan_.experiments[home].name);
        for (sched::CellIndex const cell : shared)
        {
            text += fmt::format(" {}", plan_[cell].spec.id().brief());
        }
        return text + "\n";
    }

    /// What must be there before a cell can begin.
    std::string after_text(PlannedCell const& cell) const
    {
        std::vector<std::string> ids;
        for (sched::CellIndex const source : cell.budget_from)
        {
            ids.push_back(plan_[source].spec.id().brief());
        }
        return ids.empty() ? "chain" : fmt::format("{}", fmt::join(ids, ","));
    }

    std::string cells_text(std::vector<sched::CellIndex> const& cells) const
    {
        TextTable table({"cell", "chain", "model", "k", "task", "operator", "m", "method", "trials",
                         "blocks", "after", "evaluations", "core time", "stored blocks"});
        double cost = 0;
        std::size_t blocks = 0;
        for (sched::CellIndex const index : cells)
        {
            PlannedCell const& cell = plan_[index];
            Problem const& problem = cell.spec.problem;
            cost += cost_of(index);
            blocks += static_cast<std::size_t>(stored(index).planned_blocks);
            table.add({cell.spec.id().brief(), cell.spec.chain.brief(), cell.spec.generator.label,
                       fmt::format("{}", cell.spec.generator.latent_dim),
                       std::string(name_of(task_table, problem.task)),
                       std::string(name_of(operator_table, problem.measured_by)),
                       fmt::format("{}", cell.spec.measurements()),
                       std::string(name_of(method_table, cell.spec.method)),
                       fmt::format("{}", cell.trials),
                       fmt::format("{}", stored(index).planned_blocks), after_text(cell),
                       evaluations_text(cost_of(index)), core_time(cost_of(index)),
                       fmt::format("{}", stored(index).blocks.size())});
        }
        return fmt::format("{}{} in {}: {} evaluations, {} of core time\n", table.text(),
                           count_text(cells.size(), "cell"), count_text(blocks, "block"),
                           evaluations_text(cost), core_time(cost));
    }

    std::string surfaces_text(PlannedExperiment const& experiment) const
    {
        if (experiment.surfaces.empty())
        {
            return "";
        }
        TextTable table({"chain", "model", "targets", "levels", "grid", "evaluations", "core time",
                         "surfaces", "stored"});
        for (PlannedSurface const& surface : experiment.surfaces)
        {
            PlannedChain const& chain = plan_[surface.chain];
            SurfaceSpec const& spec = surface.spec;
            auto const path = surface_path(job_, plan_, surface);
            table.add({chain.header.id().brief(), chain.generator().label,
                       fmt::format("{}", spec.targets), fmt::format("{}", spec.levels),
                       fmt::format("{0} x {0}", spec.points), evaluations_text(surface_cost(spec)),
                       core_time(surface_cost(spec)), path.filename().string(),
                       std::filesystem::exists(path) ? "yes" : "no"});
        }
        return table.text();
    }

    Cost training() const
    {
        Cost cost;
        for (std::size_t i = 0; i < chains_.size(); ++i)
        {
            auto const& training = plan_.chains[i].training;
            double const all = training ? training_cost(*training) : 0;
            cost.all += all;
            cost.left += all * share_to_train(i);
        }
        return cost;
    }

    double share_to_train(std::size_t chain) const
    {
        StoredChain const& stored = chains_[chain];
        bool const ended =
            stored.state == ChainState::published || stored.state == ChainState::diverged;
        auto const done = static_cast<double>(std::max<std::int64_t>(stored.snapshots - 1, 0));
        return ended ? 0 : 1 - done / static_cast<double>(plan_.chains[chain].intervals());
    }

    /// Wall time of the trainings that are left, if all their threads compute all the time.
    struct TrainingTime
    {
        int chains = 0;
        double all = 0;      ///< seconds, one after another
        double longest = 0;  ///< of one
    };

    TrainingTime training_time() const
    {
        TrainingTime time;
        for (std::size_t i = 0; i < chains_.size(); ++i)
        {
            auto const& training = plan_.chains[i].training;
            if (training && share_to_train(i) > 0)
            {
                double const seconds = core_seconds(training_cost(*training)) * share_to_train(i) /
                                       static_cast<double>(training->threads);
                ++time.chains;
                time.all += seconds;
                time.longest = std::max(time.longest, seconds);
            }
        }
        return time;
    }

    std::string training_text() const
    {
        TrainingTime const time = training_time();
        switch (time.chains)
        {
            case 0:
                return "";
            case 1:
                return fmt::format("training at least {} on CPUs, with train.threads threads\n",
                                   duration_text(time.all));
            default:
                return fmt::format(
                    "training at least {} on CPUs, with train.threads threads: {} if one rank "
                    "trains alone (trainers = 1)\n",
                    duration_text(time.longest), duration_text(time.all));
        }
    }

    Cost trials() const
    {
        Cost cost;
        for (std::size_t i = 0; i < cells_.size(); ++i)
        {
            auto const cell = static_cast<sched::CellIndex>(i);
            auto const done = static_cast<double>(cells_[i].result.outcomes.size());
            double const all = cost_of(cell);
            cost.all += all;
            cost.left += is_diverged(plan_[cell].chain)
                             ? 0
                             : all * (1 - done / static_cast<double>(plan_[cell].trials));
        }
        return cost;
    }

    Cost surfaces() const
    {
        Cost cost;
        for (PlannedSurface const& surface : surfaces_in(plan_))
        {
            bool const done = std::filesystem::exists(surface_path(job_, plan_, surface));
            double const one = surface_cost(surface.spec);
            cost.all += one;
            cost.left += done || is_diverged(surface.chain) ? 0 : one;
        }
        return cost;
    }

    std::string sums_text() const
    {
        TextTable table({"in all", "evaluations", "core time", "left of it"});
        auto const add = [&](char const* what, Cost const& cost) {
            table.add(
                {what, evaluations_text(cost.all), core_time(cost.all), core_time(cost.left)});
        };
        Cost total;
        for (auto const& [what, cost] :
             {std::pair("training", training()), {"trials", trials()}, {"surfaces", surfaces()}})
        {
            if (cost.all > 0)
            {
                add(what, cost);
                total.all += cost.all;
                total.left += cost.left;
            }
        }
        add("total", total);
        return fmt::format("\n{}{}", table.text(), training_text());
    }

    std::string files_text() const
    {
        std::int64_t chains = 0;
        for (PlannedChain const& chain : plan_.chains)
        {
            chains += chain.training ? chain_bytes(*chain.training) : 0;
        }
        std::string text = fmt::format("files: chains {}", bytes_text(chains));
        if (!cells_.empty())
        {
            std::int64_t segments = 0;
            std::int64_t results = 80'000;  // HDF5's own and the summary
            for (StoredCell const& cell : cells_)
            {
                std::int64_t const k = cell.result.spec.generator.latent_dim;
                segments += segments_bytes(k, cell.planned_blocks, cell.result.planned);
                results += results_bytes(k, cell.result.planned);
            }
            text += fmt::format(", segments {}, results {}{}", bytes_text(segments),
                                bytes_text(results),
                                results_job(job_.output) == plan_.job ? " (there already)" : "");
        }
        return text + "\n";
    }

    Job const& job_;
    Plan const& plan_;
    std::vector<StoredCell> cells_;
    std::vector<StoredChain> chains_;
    std::map<sched::CellIndex, std::size_t> homes_;  ///< the first experiment that has the cell
};

}  // namespace

std::string plan_text(Job const& job, Plan const& plan)
{
    std::string const cells = plan.cells.empty()
                                  ? "no trials"
                                  : fmt::format("{} in {}", count_text(plan.cells.size(), "cell"),
                                                count_text(plan.blocks.size(), "block"));
    return fmt::format("job {}: {}, {}\n{}", plan.job.brief(),
                       count_text(plan.chains.size(), "chain"), cells, PlanText(job, plan).text());
}

}  // namespace surf::app
