#pragma once

#include <Eigen/Core>
#include <optional>
#include <span>
#include <vector>

#include "polytope/polytope.hpp"

namespace surf::polytope
{

/// Finds violated rows among many, most often by a look at few.
///
/// A unit row with slack s at a centre cannot be violated nearer to it than s. So the rows with the
/// smallest slacks are kept side by side; all are looked at only when none of these is violated and
/// the point is too far from the centre to be sure of the others. Then it becomes the new centre.
class NearRows
{
  public:
    /// Of the polytope whose offsets are smaller by `margin`. Refers to `polytope`.
    NearRows(Polytope const& polytope, double margin);

    /// A row that `point` violates by more than `tolerance` and that is none of `active`: the most
    /// violated of those near the centre. None if there is none in the whole polytope.
    std::optional<Eigen::Index> violated(Eigen::VectorXd const& point, double tolerance,
                                         std::span<Eigen::Index const> active);

    double offset(Eigen::Index row) const { return polytope_.offsets()[row] - margin_; }

  private:
    std::optional<Eigen::Index> worst_kept(Eigen::VectorXd const& point, double tolerance,
                                           std::span<Eigen::Index const> active);
    void move_centre(Eigen::VectorXd const& point);
    double radius_of_few();
    void keep();

    Polytope const& polytope_;
    double margin_;
    Eigen::VectorXd centre_;
    Eigen::VectorXd slacks_;          ///< of all rows at the centre
    double radius_ = -1;              ///< the rows with slacks up to this are kept
    std::vector<Eigen::Index> kept_;  ///< ascending
    std::vector<double> samples_;     ///< of the slacks
    Eigen::MatrixXd normals_;         ///< of the kept rows, first; rows behind them are unused
    Eigen::VectorXd offsets_;
    Eigen::VectorXd violations_;
};

}  // namespace surf::polytope
