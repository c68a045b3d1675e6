#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>

#include "model/network.hpp"
#include "spec/cell.hpp"
#include "trial/objective.hpp"
#include "trial/pieces.hpp"

namespace surf::trial
{

/// A and b of a trial for small dense algebra.
struct PieceTarget
{
    explicit PieceTarget(Measured const& measured);

    Eigen::MatrixXd matrix;  ///< A: [m × n]; empty if A = I
    Eigen::VectorXd target;  ///< b: [m]
};

/// f(x) = ½‖Aφ(Jx + c) − b‖² as a linear piece continues it, φ the output's activation.
class PieceObjective
{
  public:
    struct Value
    {
        double value = 0;
        Eigen::VectorXd gradient;  ///< [k]
    };

    virtual ~PieceObjective() = default;
    virtual Value evaluate(Eigen::VectorXd const& latent) const = 0;
    /// λ_max of the Gauss–Newton Hessian (∂φ/∂x)ᵀAᵀA(∂φ/∂x): where f is quadratic ∇f's Lipschitz
    /// constant, whatever x.
    virtual double curvature(Eigen::VectorXd const& latent) const = 0;
};

/// Without an activation f is a quadratic function of x, with one the sigmoid; no others are
/// supported. Refers to `piece` and `target`.
std::unique_ptr<PieceObjective> piece_objective(LinearPiece const& piece, PieceTarget const& target,
                                                Activation activation);

/// Where projected gradient ends on a piece.
struct PieceDescent
{
    Eigen::VectorXd latent;
    double value = 0;  ///< f there, as the piece continues it
    std::int64_t steps = 0;
    bool converged = false;
};

/// x ← Proj_P(x − η∇f(x)) from the projection of `start` until a step is shorter than
/// step_tolerance (relative to ‖x‖ where that is above 1), or max_steps.
///
/// η = 1/L with L = curvature(start), doubled as long as f(x⁺) lies above the parabola of curvature
/// L, which happens with a sigmoid alone (Beck & Teboulle 2009, section 3).
PieceDescent descend_piece(polytope::Polytope const& region, PieceObjective const& objective,
                           Eigen::VectorXd const& start, ProjectedSettings const& settings);

}  // namespace surf::trial
