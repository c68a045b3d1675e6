#include "trial/projected.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/contract.hpp"
#include "trial/adam.hpp"
#include "trial/attempts.hpp"
#include "trial/descent.hpp"
#include "trial/eigen.hpp"
#include "trial/going_on.hpp"

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
std::vector<TrialOutcome> minimise_first(BlockSpec const& block, Snapshots const& snapshots,
                                         Objective const& objective, at::Tensor const& latents,
                                         at::Tensor const& target_latents,
                                         std::stop_token const& stop)
{
    CellSpec const& cell = block.cell;
    auto const network =
        snapshots.prepare(snapshots.read(cell.projected.first_snapshot), at::kFloat);
    RestartLatents starts(cell.problem, block.first, block.count);
    auto const descend_from = [&](at::Tensor const& start) {
        return descend(*network, objective, {start.clone(), target_latents, Adam(cell.adam, start)},
                       cell.stop, stop);
    };
    auto trials = descend_from(latents);
    for (std::int64_t start = 1; start < cell.projected.starts; ++start)
    {
        auto const outcomes =
            descend_from(starts.next(all_rows(block.count)).to(latents.options()));
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

ProjectedMove move_on_pieces(model::FrozenGenerator& generator, PieceTarget const& target,
                             Eigen::VectorXd const& latent, ProjectedSettings const& settings)
{
    ProjectedMove move;
    move.best = {latent, std::numeric_limits<double>::infinity()};
    for (std::int64_t round = 0; round < settings.rounds; ++round)
    {
        Neighbourhood const around =
            find_pieces(generator, move.best.latent, {settings.slack, settings.max_pieces});
        move.passes += around.passes;
        move.pieces += std::ssize(around.pieces);
        move.units_cut = std::max(move.units_cut, around.units_cut);
        PieceDescent best = {latent, std::numeric_limits<double>::infinity()};
        for (LinearPiece const& piece : around.pieces)
        {
            auto const objective = piece_objective(piece, target, generator.output_activation());
            PieceDescent descent =
                descend_piece(piece.cell, *objective, move.best.latent, settings);
            move.steps += descent.steps;
            if (descent.value < best.value)
            {
                best = std::move(descent);
            }
        }
        if (best.value >= move.best.value)
        {
            break;  // also if no piece has a point, less than a rounding error wide as they are
        }
        move.best = std::move(best);
    }
    return move;
}

std::vector<TrialOutcome> surf_projected(BlockSpec const& block, Snapshots const& snapshots,
                                         Objective const& objective, TrialInputs const& inputs,
                                         at::Device device, std::stop_token const& stop)
{
    at::Tensor const target_latents = inputs.target_latent.to(device);
    auto outcomes = minimise_first(block, snapshots, objective, inputs.initial_latent.to(device),
                                   target_latents, stop);
    std::vector<PieceTarget> targets;
    for (std::int64_t const row : all_rows(block.count))
    {
        targets.emplace_back(objective.measured(row));
    }

    std::int64_t const first = block.cell.projected.first_snapshot;
    EXPECT(first < snapshots.last());
    std::vector<std::int64_t> later(static_cast<std::size_t>(snapshots.last() - first));
    std::iota(later.begin(), later.end(), first + 1);
    Procession<model::FrozenGenerator> generators(later, [&](std::int64_t t) {
        Parameters const parameters = snapshots.read(t);
        return std::make_unique<model::FrozenGenerator>(snapshots.spec_of(parameters), parameters,
                                                        device);
    });
    std::unique_ptr<model::FrozenGenerator> generator;
    for (std::size_t t = 0; t < later.size(); ++t)
    {
        generator = generators.next();
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            require_going_on(stop);
            if (Eigen::VectorXd const latent = latent_of(outcomes[i]); latent.allFinite())
            {
                add_move(outcomes[i],
                         move_on_pieces(*generator, targets[i], latent, block.cell.projected));
            }
        }
    }
    describe_latents(*generator, objective, target_latents, block.cell.stop, outcomes);
    for (TrialOutcome& outcome : outcomes)
    {
        outcome.first_hit = outcome.success ? outcome.iterations : TrialOutcome::never;
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
