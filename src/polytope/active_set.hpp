#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace surf::polytope
{

/// Rows that hold a point: the one nearest to a target among those that fulfil these rows.
///
/// The state of the dual method of Goldfarb & Idnani (1983) for ½‖x − z‖²: x = z − Nu, u ≥ 0, where
/// the columns of N are the normals of the rows and every row is fulfilled with equality. N = QR is
/// updated when a row comes or goes, O(k²) each; x and u follow from Q, R and z alone, so that
/// rounding errors do not add up over the steps.
class ActiveSet
{
  public:
    /// No rows: the point is the target itself.
    explicit ActiveSet(Eigen::VectorXd const& target);

    enum class Entry
    {
        entered,
        impossible,  ///< no point fulfils this row and the active ones
        undecided,   ///< whether one does is lost in rounding errors
    };

    /// Adds a row that the point violates; rows that would pull the point (u < 0) leave. The
    /// distance to the target grows. `normal` has unit length.
    Entry enter(Eigen::Index row, Eigen::VectorXd const& normal, double offset);

    Eigen::VectorXd const& point() const { return point_; }
    /// A row that the point violates by no more counts as fulfilled.
    double tolerance() const;
    std::span<Eigen::Index const> rows() const { return rows_; }
    /// u, in the order of rows().
    Eigen::VectorXd multipliers() const { return multipliers_.head(size()); }

  private:
    struct Direction;

    Eigen::Index size() const { return static_cast<Eigen::Index>(rows_.size()); }
    Direction towards(Eigen::VectorXd const& normal) const;
    void append(Eigen::Index row, double excess, Direction const& direction);
    void drop(Eigen::Index position);
    void find_point();

    Eigen::VectorXd target_;
    Eigen::VectorXd point_;
    std::vector<Eigen::Index> rows_;
    Eigen::VectorXd excess_;       ///< c·z − d of each row
    Eigen::VectorXd multipliers_;  ///< u
    Eigen::MatrixXd q_;            ///< [k × k], orthogonal; its first size() columns span N's
    Eigen::MatrixXd r_;            ///< [k × k], upper triangle of the first size() columns
};

}  // namespace surf::polytope
