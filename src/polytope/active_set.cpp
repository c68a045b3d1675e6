#include "polytope/active_set.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <limits>

#include "base/contract.hpp"
#include "polytope/polytope.hpp"

namespace surf::polytope
{
namespace
{

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Parts of a unit normal smaller than this are rounding errors.
constexpr double rounding = 1e-12;

}  // namespace

/// How point and multipliers move with the multiplier τ of a further row: u − τr, x − τQ₂w₂, where
/// w = Qᵀc and Q₂, w₂ are the columns and entries behind those of the active rows.
struct ActiveSet::Direction
{
    Eigen::VectorXd w;
    Eigen::VectorXd r;
    double free_length = 0;  ///< ‖w₂‖; 0 if the normal is a combination of the active ones

    /// The τ at which a multiplier reaches 0 first, and whose it is; infinite without one.
    struct Block
    {
        double tau = infinity;
        Eigen::Index position = 0;
    };
    Block block(Eigen::VectorXd const& multipliers) const;
};

ActiveSet::Direction::Block ActiveSet::Direction::block(Eigen::VectorXd const& multipliers) const
{
    Block first;
    double const least = rounding * std::max(1.0, r.lpNorm<Eigen::Infinity>());
    for (Eigen::Index position = 0; position < r.size(); ++position)
    {
        if (r[position] > least)
        {
            double const tau = std::max(multipliers[position], 0.0) / r[position];
            if (tau < first.tau)
            {
                first = {tau, position};
            }
        }
    }
    return first;
}

ActiveSet::ActiveSet(Eigen::VectorXd const& target)
    : target_(target),
      point_(target),
      excess_(target.size()),
      multipliers_(target.size()),
      q_(Eigen::MatrixXd::Identity(target.size(), target.size())),
      r_(Eigen::MatrixXd::Zero(target.size(), target.size()))
{}

ActiveSet::Entry ActiveSet::enter(Eigen::Index row, Eigen::VectorXd const& normal, double offset)
{
    while (true)
    {
        Direction const direction = towards(normal);
        auto const block = direction.block(multipliers_);
        double const violation = normal.dot(point_) - offset;
        double const square = direction.free_length * direction.free_length;
        double const fulfilled = square > 0 ? violation / square : infinity;
        if (fulfilled <= block.tau && fulfilled < infinity)
        {
            append(row, normal.dot(target_) - offset, direction);
            find_point();
            return Entry::entered;
        }
        if (block.tau == infinity)
        {
            // Rows with the weights 1 and −r ≥ 0 add up to 0 ≤ −violation (Farkas), if that is
            // more than what their tolerances add up to.
            double const allowed = tolerance() * (1 + direction.r.lpNorm<1>());
            return violation > allowed ? Entry::impossible : Entry::undecided;
        }
        drop(block.position);
        find_point();
    }
}

double ActiveSet::tolerance() const
{
    return relative_tolerance * (1 + target_.norm() + (point_ - target_).norm());
}

ActiveSet::Direction ActiveSet::towards(Eigen::VectorXd const& normal) const
{
    Direction direction;
    Eigen::Index const active = size();
    direction.w.noalias() = q_.transpose() * normal;
    direction.r = r_.topLeftCorner(active, active)
                      .triangularView<Eigen::Upper>()
                      .solve(direction.w.head(active));
    double const length = direction.w.tail(target_.size() - active).norm();
    // The error of w₂ is that of N r, whose terms may be larger than their sum.
    double const error = rounding * std::max(1.0, direction.r.lpNorm<1>());
    direction.free_length = length > error ? length : 0;
    return direction;
}

void ActiveSet::append(Eigen::Index row, double excess, Direction const& direction)
{
    Eigen::Index const active = size();
    Eigen::Index const free = target_.size() - active;
    EXPECT(free > 0);
    Eigen::VectorXd essential(free - 1);
    double scale = 0;
    double diagonal = 0;
    direction.w.tail(free).makeHouseholder(essential, scale, diagonal);
    Eigen::VectorXd workspace(target_.size());
    q_.rightCols(free).applyHouseholderOnTheRight(essential, scale, workspace.data());
    r_.col(active).head(active) = direction.w.head(active);
    r_(active, active) = diagonal;
    excess_[active] = excess;
    rows_.push_back(row);
}

void ActiveSet::drop(Eigen::Index position)
{
    Eigen::Index const last = size() - 1;
    for (Eigen::Index i = position; i < last; ++i)
    {
        excess_[i] = excess_[i + 1];
        r_.col(i).head(i + 2) = r_.col(i + 1).head(i + 2);  // one entry below the diagonal
    }
    for (Eigen::Index i = position; i < last; ++i)
    {
        Eigen::JacobiRotation<double> rotation;
        rotation.makeGivens(r_(i, i), r_(i + 1, i));
        r_.middleCols(i, last - i).applyOnTheLeft(i, i + 1, rotation.adjoint());
        q_.applyOnTheRight(i, i + 1, rotation);
    }
    rows_.erase(rows_.begin() + position);
}

void ActiveSet::find_point()
{
    Eigen::Index const active = size();
    auto const r = r_.topLeftCorner(active, active).triangularView<Eigen::Upper>();
    Eigen::VectorXd const way = r.transpose().solve(excess_.head(active));
    multipliers_.head(active) = r.solve(way);
    point_.noalias() = target_ - q_.leftCols(active) * way;
}

}  // namespace surf::polytope
