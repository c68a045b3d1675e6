// Fills an output folder as a run of the job would have left it, with outcomes out of thin air:
//     make_store --job FILE [any option of surf_sweep plan]
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <vector>

#include "app/job/options.hpp"
#include "app/packs.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "store/pack.hpp"

using namespace surf;

namespace
{

/// As hard to compress as true ones.
TrialOutcome any_outcome(CellSpec const& cell, std::int64_t trial)
{
    RandomStream random = cell.stream(Purpose::target_latent, trial);
    TrialOutcome outcome;
    outcome.trial = trial;
    outcome.success = random.uniform() < 0.8;
    outcome.iterations = 300 + static_cast<std::int64_t>(random.below(1200));
    outcome.network_evaluations = 2 * outcome.iterations + 2;
    if (outcome.success)
    {
        outcome.first_hit = outcome.iterations / 2;
        outcome.hit_evaluations = 2 * outcome.first_hit + 2;
    }
    outcome.objective = random.uniform();
    outcome.distance = random.uniform();
    outcome.pixel_error = random.uniform();
    outcome.best_objective = outcome.objective;
    outcome.latent.resize(static_cast<std::size_t>(cell.generator.latent_dim));
    random.fill_normal(outcome.latent, 0, 1);
    outcome.best_latent = outcome.latent;
    return outcome;
}

std::vector<TrialOutcome> outcomes_of(BlockSpec const& block)
{
    std::vector<TrialOutcome> outcomes;
    for (std::int64_t i = 0; i < block.count; ++i)
    {
        outcomes.push_back(any_outcome(block.cell, block.first + i));
    }
    return outcomes;
}

store::BlockRun run_of(BlockSpec const& block)
{
    return {.host = fmt::format("node{:03}", block.first / 10 % 64),
            .device = "AMD EPYC 7763 64-Core Processor",
            .seconds = 0.5 + 1e-4 * static_cast<double>(block.first % 997),
            .rank = block.first / 10 % 64,
            .start = 1.7e9 + 0.01 * static_cast<double>(block.first),
            .test_images = 10'000};
}

void write(std::filesystem::path const& output, BlockSpec const& block)
{
    store::write_segment(output, block, outcomes_of(block), run_of(block));
}

void write(std::filesystem::path const& output, store::PackSpec const& pack)
{
    std::string const cell = pack.cell.canonical().text();
    BlockIds const ids(pack.cell);
    std::vector<store::Segment> segments;
    for (std::int64_t i = 0; i < pack.blocks; ++i)
    {
        BlockSpec const block = pack.block(i);
        segments.push_back({.block = ids.of(block.first, block.count, block.budget),
                            .cell = cell,
                            .task = pack.cell.problem.task,
                            .first = block.first,
                            .budget = block.budget,
                            .outcomes = outcomes_of(block),
                            .run = run_of(block)});
    }
    store::write_pack(output, pack, segments);
}

/// The cells that wait for no other's budget.
void make_store(app::Job const& job)
{
    app::Plan const plan = app::load_plan(job);
    std::filesystem::create_directories(job.output);
    for (std::size_t i = 0; i < plan.cells.size(); ++i)
    {
        auto const cell = static_cast<sched::CellIndex>(i);
        if (!plan[cell].budget_from.empty())
        {
            continue;
        }
        auto const planned = app::packs_of(plan, cell, app::own_budget(plan[cell].spec));
        for (app::PlannedPack const& pack : planned.packs)
        {
            if (pack.whole())
            {
                write(job.output, pack.spec);
                continue;
            }
            for (std::int64_t number = 0; number < pack.blocks; ++number)
            {
                write(job.output, pack.spec.block(number));
            }
        }
        for (sched::BlockIndex const block : planned.single)
        {
            write(job.output, plan.block_spec({block, app::own_budget(plan[cell].spec)}));
        }
    }
}

}  // namespace

int main(int argument_count, char** arguments)
{
    try
    {
        std::vector<std::string> words = {"plan"};
        words.insert(words.end(), arguments + 1, arguments + argument_count);
        make_store(app::parse_options(words).job);
        return 0;
    }
    catch (Error const& error)
    {
        std::fputs(fmt::format("make_store: error: {}\n", error.what()).c_str(), stderr);
        return static_cast<int>(error.code());
    }
}
