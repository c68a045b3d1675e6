#include "trial/projected.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/contract.hpp"
#include "trial/adam.hpp"
#include "trial/attempts.hpp"
#include "trial/descent.hpp"
#include "trial/going_on.hpp"
#include "trial/methods/methods.hpp"
#include "trial/prefetcher.hpp"

namespace surf::trial
{
namespace
{

/// Rows 0 … count − 1.
std::vector<std::int64_t> all_rows(std::int64_t count)
{
    std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    return rows;
}

/// x_0 = argmin f_0: for each trial the best end of Adam from x_init and from new starts.
std::vector<TrialOutcome> minimise_first(SearchInput const& input)
{
    CellSpec const& cell = input.cell();
    auto const network =
        input.snapshots.prepare(input.snapshots.read(cell.projected.first_snapshot), at::kFloat);
    at::Tensor const latents = input.initial_latents();
    RestartLatents starts(cell, input.block.first, input.block.count);
    auto const descend_from = [&](at::Tensor const& start) {
        return descend(*network, input.objective,
                       {start.clone(), input.target_latents(), Adam(cell.adam, start)}, cell.stop,
                       input.stop);
    };
    auto trials = descend_from(latents);
    for (std::int64_t start = 1; start < cell.projected.starts; ++start)
    {
        auto const outcomes =
            descend_from(starts.next(all_rows(input.block.count)).to(latents.options()));
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            add_search(trials[i], outcomes[i]);
        }
    }
    return trials;
}

/// Adds a trial's move to what it has done, and takes it where the move ended.
void add_move(TrialOutcome& outcome, ProjectedMove const& move)
{
    Eigen::VectorXd const& latent = move.best.latent;
    std::ranges::transform(latent, outcome.latent.begin(),
                           [](double x) { return static_cast<float>(x); });
    outcome.iterations += move.steps;
    outcome.network_evaluations += move.passes * (latent.size() + 1);
    outcome.pieces += move.pieces;
    outcome.units_cut += move.units_cut;
    outcome.capped_snapshots += move.units_cut > 0 ? 1 : 0;
    outcome.stop_reason = move.best.converged ? StopReason::converged : StopReason::iteration_cap;
}

Eigen::VectorXd latent_of(TrialOutcome const& outcome)
{
    return Eigen::Map<Eigen::VectorXf const>(outcome.latent.data(), std::ssize(outcome.latent))
        .cast<double>();
}

}  // namespace

std::vector<TrialOutcome> search_by_projected(SearchInput const& input)
{
    CellSpec const& cell = input.cell();
    Snapshots const& snapshots = input.snapshots;
    auto outcomes = minimise_first(input);
    std::vector<PieceTarget> targets;
    for (std::int64_t const row : all_rows(input.block.count))
    {
        targets.emplace_back(input.objective.measured(row));
    }

    std::int64_t const first = cell.projected.first_snapshot;
    EXPECT(first < snapshots.last());
    std::vector<std::int64_t> later(static_cast<std::size_t>(snapshots.last() - first));
    std::iota(later.begin(), later.end(), first + 1);
    Prefetcher<model::FrozenGenerator> generators(later, [&](std::int64_t t) {
        return std::make_unique<model::FrozenGenerator>(*snapshots.generator().layers(),
                                                        snapshots.read(t), input.device);
    });
    std::unique_ptr<model::FrozenGenerator> generator;
    for (std::size_t t = 0; t < later.size(); ++t)
    {
        generator = generators.next();
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            require_going_on(input.stop);
            if (Eigen::VectorXd const latent = latent_of(outcomes[i]); latent.allFinite())
            {
                add_move(outcomes[i],
                         move_on_pieces(*generator, targets[i], latent, cell.projected));
            }
        }
    }
    describe_latents(*generator, input.objective, input.target_latents(), cell.stop, outcomes);
    for (TrialOutcome& outcome : outcomes)
    {
        outcome.first_hit = outcome.success ? outcome.iterations : TrialOutcome::never;
        outcome.hit_evaluations =
            outcome.success ? outcome.network_evaluations : TrialOutcome::never;
        outcome.best_objective = outcome.objective;
        outcome.best_latent = outcome.latent;
        if (!std::isfinite(outcome.objective))
        {
            outcome.stop_reason = StopReason::non_finite;
        }
    }
    return outcomes;
}

}  // namespace surf::trial
