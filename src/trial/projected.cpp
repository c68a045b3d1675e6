#include "trial/projected.hpp"

#include <algorithm>
#include <limits>

namespace surf::trial
{

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
                descend_piece(piece.region, *objective, move.best.latent, settings);
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

}  // namespace surf::trial
