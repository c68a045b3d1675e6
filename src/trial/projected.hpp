#pragma once

#include <c10/core/Device.h>

#include <stop_token>
#include <vector>

#include "spec/outcome.hpp"
#include "trial/inputs.hpp"
#include "trial/objective.hpp"
#include "trial/piece_descent.hpp"
#include "trial/snapshots.hpp"

namespace surf::trial
{

/// Where one trial gets on one network.
struct ProjectedMove
{
    PieceDescent best;           ///< of all pieces
    std::int64_t steps = 0;      ///< projected-gradient steps, on all pieces
    std::int64_t passes = 0;     ///< as in Neighbourhood
    std::int64_t pieces = 0;     ///< searched
    std::int64_t units_cut = 0;  ///< as in Neighbourhood, the most of all rounds
};

/// Lines 3 to 8 of Algorithm 2: projected gradient on each linear piece around a latent [k], the
/// best result of all. Goes on from there for as many rounds as the settings allow, while f falls.
ProjectedMove move_on_pieces(model::FrozenGenerator& generator, PieceTarget const& target,
                             Eigen::VectorXd const& latent, ProjectedSettings const& settings);

}  // namespace surf::trial
