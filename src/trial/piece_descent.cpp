#include "trial/piece_descent.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <limits>

#include "base/contract.hpp"
#include "polytope/projection.hpp"
#include "trial/eigen.hpp"

namespace surf::trial
{
namespace
{

double largest_eigenvalue(Eigen::MatrixXd const& symmetric)
{
    return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(symmetric, Eigen::EigenvaluesOnly)
        .eigenvalues()
        .maxCoeff();
}

/// A times the columns of a matrix.
Eigen::MatrixXd seen(PieceTarget const& target, Eigen::MatrixXd const& images)
{
    return target.matrix.size() > 0 ? Eigen::MatrixXd(target.matrix * images) : images;
}

/// ½‖AJx + Ac − b‖²: once its k × k Hessian is known, it costs no more than that.
class QuadraticObjective final : public PieceObjective
{
  public:
    QuadraticObjective(LinearPiece const& piece, PieceTarget const& target)
    {
        Eigen::MatrixXd const tangents = seen(target, piece.jacobian);
        Eigen::VectorXd const residual = seen(target, piece.constant) - target.target;
        hessian_ = tangents.transpose() * tangents;
        slope_ = tangents.transpose() * residual;
        constant_ = residual.squaredNorm() / 2;
        curvature_ = largest_eigenvalue(hessian_);
    }

    Value evaluate(Eigen::VectorXd const& latent) const override
    {
        Eigen::VectorXd const bent = hessian_ * latent;
        return {constant_ + latent.dot(slope_ + bent / 2), slope_ + bent};
    }

    double curvature(Eigen::VectorXd const&) const override { return curvature_; }

  private:
    Eigen::MatrixXd hessian_;
    Eigen::VectorXd slope_;  ///< ∇f(0)
    double constant_;        ///< f(0)
    double curvature_;
};

class SigmoidObjective final : public PieceObjective
{
  public:
    SigmoidObjective(LinearPiece const& piece, PieceTarget const& target)
        : piece_(piece), target_(target)
    {}

    Value evaluate(Eigen::VectorXd const& latent) const override
    {
        Eigen::VectorXd const image = output(latent);
        Eigen::VectorXd const residual = seen(target_, image) - target_.target;
        Eigen::VectorXd const pulled = target_.matrix.size() > 0
                                           ? Eigen::VectorXd(target_.matrix.transpose() * residual)
                                           : residual;
        return {residual.squaredNorm() / 2,
                piece_.jacobian.transpose() * pulled.cwiseProduct(slope_of(image))};
    }

    double curvature(Eigen::VectorXd const& latent) const override
    {
        Eigen::MatrixXd const tangents =
            seen(target_, slope_of(output(latent)).asDiagonal() * piece_.jacobian);
        return largest_eigenvalue(tangents.transpose() * tangents);
    }

  private:
    Eigen::VectorXd output(Eigen::VectorXd const& latent) const
    {
        Eigen::VectorXd const value = piece_.jacobian * latent + piece_.constant;
        return (1 + (-value.array()).exp()).inverse();
    }

    static Eigen::VectorXd slope_of(Eigen::VectorXd const& sigmoid)
    {
        return sigmoid.array() * (1 - sigmoid.array());
    }

    LinearPiece const& piece_;
    PieceTarget const& target_;
};

}  // namespace

PieceTarget::PieceTarget(Measured const& measured)
    : matrix(measured.matrix.defined() ? to_matrix(measured.matrix) : Eigen::MatrixXd()),
      target(to_vector(measured.target))
{}

std::unique_ptr<PieceObjective> piece_objective(LinearPiece const& piece, PieceTarget const& target,
                                                Activation activation)
{
    if (activation == Activation::sigmoid)
    {
        return std::make_unique<SigmoidObjective>(piece, target);
    }
    EXPECT(activation == Activation::none);
    return std::make_unique<QuadraticObjective>(piece, target);
}

PieceDescent descend_piece(polytope::Polytope const& region, PieceObjective const& objective,
                           Eigen::VectorXd const& start, ProjectedSettings const& settings)
{
    polytope::Projector projector(region);
    auto const projected = [&](Eigen::VectorXd const& point) { return projector.project(point); };
    constexpr auto found = polytope::ProjectionStatus::found;
    polytope::Projection at = projected(start);
    PieceDescent descent{start, std::numeric_limits<double>::infinity()};
    if (at.status != found)
    {
        return descent;  // less than a rounding error wide
    }
    descent.latent = at.point;
    PieceObjective::Value here = objective.evaluate(descent.latent);
    double curvature =
        std::max(objective.curvature(descent.latent), std::numeric_limits<double>::min());
    while (descent.steps < settings.max_steps && !descent.converged)
    {
        Eigen::VectorXd const target = descent.latent - here.gradient / curvature;
        if (!target.allFinite())
        {
            break;
        }
        at = projected(target);
        if (at.status != found)
        {
            break;
        }
        Eigen::VectorXd const step = at.point - descent.latent;
        PieceObjective::Value there = objective.evaluate(at.point);
        double const parabola =
            here.value + here.gradient.dot(step) + curvature / 2 * step.squaredNorm();
        constexpr double rounding = 1e-12;
        if (there.value > parabola + rounding * here.value)
        {
            curvature *= 2;
            continue;
        }
        descent.latent = at.point;
        here = std::move(there);
        ++descent.steps;
        descent.converged =
            step.norm() <= settings.step_tolerance * std::max(1.0, descent.latent.norm());
    }
    descent.value = here.value;
    return descent;
}

}  // namespace surf::trial
