#include "app/plan_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <span>

#include "app/job/estimate.hpp"
#include "app/results.hpp"
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

/// "1 cell", "36 cells".
std::string count_text(std::size_t count, std::string const& what)
{
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// A plan beside what is stored of it.
class PlanText
{
  public:
    explicit PlanText(PlanState const& state)
        : state_(state), job_(state.job()), plan_(state.plan())
    {
        for (std::size_t i = 0; i < plan_.experiments.size(); ++i)
        {
            for (sched::CellIndex const cell : plan_.experiments[i].cells)
            {
                homes_.emplace(cell, i);
            }
        }
    }

    std::string text() const
    {
        std::string const measured = state_.speed().text();
        std::string text = fmt::format(
            "Costs are estimates, in evaluations: one forward or one backward pass of the "
            "generator for one\nimage{}.\n{}\n",
            measured.empty()
                ? fmt::format(", of which one CPU core does {:.0f} a second (core time)",
                              evaluations_per_second)
                : "",
            measured);
        text += chains_text();
        for (std::size_t experiment = 0; experiment < plan_.experiments.size(); ++experiment)
        {
            text += experiment_text(experiment);
        }
        return text + sums_text() + files_text();
    }

  private:
    std::string chains_text() const
    {
        TextTable table({"chain", "model", "k", "training", "snapshots", "steps", "evaluations",
                         "core time", "file", "stored"});
        for (std::size_t i = 0; i < plan_.chains.size(); ++i)
        {
            PlannedChain const& chain = plan_.chains[i];
            auto const& training = chain.training;
            constexpr char const* nothing = "-";
            auto const index = static_cast<sched::ChainIndex>(i);
            table.add({chain.header.id().brief(), chain.generator().label,
                       fmt::format("{}", chain.generator().latent_dim),
                       fmt::format("{}", chain.number), fmt::format("{}", chain.header.snapshots),
                       training ? fmt::format("{}", training->steps()) : nothing,
                       training ? evaluations_text(training_cost(*training)) : nothing,
                       training ? duration_text(state_.training_seconds(index) *
                                                static_cast<double>(training->threads))
                                : nothing,
                       training ? bytes_text(chain_bytes(*training)) : nothing,
                       training ? state_text(state_.stored(index)) : chain.path.string()});
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
        double seconds = 0;
        std::size_t blocks = 0;
        for (sched::CellIndex const index : cells)
        {
            PlannedCell const& cell = plan_[index];
            Problem const& problem = cell.spec.problem;
            std::size_t const planned = plan_.blocks_of(index).size();
            cost += state_.cost_of(index);
            seconds += state_.seconds_of(index);
            blocks += planned;
            table.add({cell.spec.id().brief(), cell.spec.chain.brief(), cell.spec.generator.label,
                       fmt::format("{}", cell.spec.generator.latent_dim),
                       std::string(name_of(task_table, problem.task)),
                       std::string(name_of(operator_table, problem.measured_by)),
                       fmt::format("{}", cell.spec.measurements()),
                       std::string(name_of(method_table, cell.spec.method)),
                       fmt::format("{}", cell.trials), fmt::format("{}", planned), after_text(cell),
                       evaluations_text(state_.cost_of(index)),
                       duration_text(state_.seconds_of(index)),
                       fmt::format("{}", state_.stored(index).size())});
        }
        return fmt::format("{}{} in {}: {} evaluations, {} of core time\n", table.text(),
                           count_text(cells.size(), "cell"), count_text(blocks, "block"),
                           evaluations_text(cost), duration_text(seconds));
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
                       duration_text(surface_cost(spec) / evaluations_per_second),
                       path.filename().string(), std::filesystem::exists(path) ? "yes" : "no"});
        }
        return table.text();
    }

    std::string sums_text() const
    {
        TextTable table({"in all", "evaluations", "core time", "left of it"});
        PlanState::Sum total;
        auto const add = [&](char const* what, PlanState::Sum const& sum) {
            table.add({what, evaluations_text(sum.evaluations.all),
                       duration_text(sum.core_seconds.all), duration_text(sum.core_seconds.left)});
        };
        for (auto const& [what, sum] : {std::pair("training", state_.training()),
                                        {"trials", state_.trials()},
                                        {"surfaces", state_.surfaces()}})
        {
            if (sum.evaluations.all > 0)
            {
                add(what, sum);
                total.evaluations.all += sum.evaluations.all;
                total.core_seconds.all += sum.core_seconds.all;
                total.core_seconds.left += sum.core_seconds.left;
            }
        }
        add("total", total);
        return fmt::format("\n{}{}", table.text(), training_text());
    }

    /// Wall time of the trainings that are left.
    std::string training_text() const
    {
        int chains = 0;
        double all = 0;
        double longest = 0;
        for (std::size_t i = 0; i < plan_.chains.size(); ++i)
        {
            auto const chain = static_cast<sched::ChainIndex>(i);
            double const seconds = state_.training_seconds(chain) * state_.share_to_train(chain);
            chains += seconds > 0 ? 1 : 0;
            all += seconds;
            longest = std::max(longest, seconds);
        }
        switch (chains)
        {
            case 0:
                return "";
            case 1:
                return fmt::format("training at least {} on CPUs, with train.threads threads\n",
                                   duration_text(all));
            default:
                return fmt::format(
                    "training at least {} on CPUs, with train.threads threads: {} if one rank "
                    "trains alone (trainers = 1)\n",
                    duration_text(longest), duration_text(all));
        }
    }

    std::string files_text() const
    {
        std::int64_t chains = 0;
        for (PlannedChain const& chain : plan_.chains)
        {
            chains += chain.training ? chain_bytes(*chain.training) : 0;
        }
        std::string text = fmt::format("files: chains {}", bytes_text(chains));
        if (!plan_.cells.empty())
        {
            FileSizes trials;
            std::int64_t results = 80'000;  // HDF5's own and the summary
            for (std::size_t i = 0; i < plan_.cells.size(); ++i)
            {
                PlannedCell const& cell = plan_.cells[i];
                std::int64_t const k = cell.spec.generator.latent_dim;
                auto const [files, bytes] =
                    trial_files(k, cell.trials, cell.block_size, plan_.pack_blocks);
                trials.files += files;
                trials.bytes += bytes;
                results += results_bytes(k, cell.trials);
            }
            text += fmt::format(", trials {} in {}, results {}{}", bytes_text(trials.bytes),
                                count_text(static_cast<std::size_t>(trials.files), "file"),
                                bytes_text(results),
                                results_job(job_.output) == plan_.job ? " (there already)" : "");
        }
        return text + "\n";
    }

    PlanState const& state_;
    Job const& job_;
    Plan const& plan_;
    std::map<sched::CellIndex, std::size_t> homes_;  ///< the first experiment that has the cell
};

}  // namespace

std::string plan_text(PlanState const& state)
{
    Plan const& plan = state.plan();
    std::string const cells = plan.cells.empty()
                                  ? "no trials"
                                  : fmt::format("{} in {}", count_text(plan.cells.size(), "cell"),
                                                count_text(plan.blocks.size(), "block"));
    return fmt::format("job {}: {}, {}\n{}", plan.job.brief(),
                       count_text(plan.chains.size(), "chain"), cells, PlanText(state).text());
}

std::string wall_time_text(WallTime const& time, int ranks)
{
    return fmt::format(
        "on {} of one machine, each with a core of its own: {} of wall time, {} until the last "
        "chain is trained;\nranks are busy {:.0f} % of it\n",
        count_text(static_cast<std::size_t>(ranks), "rank"), duration_text(time.seconds),
        duration_text(time.training_seconds), 100 * time.busy);
}

}  // namespace surf::app
