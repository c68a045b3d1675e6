#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "model/frozen_generator.hpp"
#include "polytope/polytope.hpp"

namespace surf::trial
{

/// A polytope on which a generator is affine before its last activation.
struct LinearPiece
{
    polytope::Polytope region;  ///< where all hidden units have the piece's signs
    Eigen::MatrixXd jacobian;   ///< J: [n × k]
    Eigen::VectorXd constant;   ///< c of Jx + c: [n]
};

/// Which linear pieces around a latent are looked at.
struct PieceSearch
{
    double slack = 0;             ///< τ: a unit is near zero if |pre-activation| ≤ τ
    std::int64_t max_pieces = 1;  ///< units are left out, furthest from zero first, to keep to it
};

/// P(x, θ, τ) of Algorithm 2: the pieces whose signs differ from those at x in near-zero units
/// alone.
struct Neighbourhood
{
    std::vector<LinearPiece> pieces;  ///< that of x itself is the first
    std::int64_t near_units = 0;      ///< |S|
    std::int64_t units_cut = 0;       ///< of these, left out for max_pieces
    /// Passes of an affine map through the network, each k + 1 forward passes.
    std::int64_t passes = 0;
};

/// The pieces around a latent [k] of a piecewise linear generator (is_piecewise_linear()).
///
/// Layer by layer: the near-zero units of one layer divide what the layers before have left, and
/// regions without room for a ball of radius 1e-7 are dropped, but for that of x itself.
Neighbourhood find_pieces(model::FrozenGenerator& generator, Eigen::VectorXd const& latent,
                          PieceSearch const& search);

}  // namespace surf::trial
