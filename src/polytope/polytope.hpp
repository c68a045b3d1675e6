#pragma once

#include <Eigen/Core>

namespace surf::polytope
{

/// How far a row may be from fulfilled, in units of length, where the numbers are of this size.
inline constexpr double relative_tolerance = 1e-12;

/// {x : Cx ≤ d}, with rows of unit length, so that a row's slack d_i − c_i·x is the distance of x
/// from its hyperplane. Bounded or not, with or without an interior, or empty.
///
/// Rows keep the numbers they were given with. One whose normal is zero asks nothing of x: its
/// slack is +∞. If no x could fulfil it, the polytope is `impossible`.
class Polytope
{
  public:
    /// C [rows × k] and d [rows], finite, k ≥ 1; rows of any length. A normal counts as zero if it
    /// is shorter than 1e-14 of the longest.
    Polytope(Eigen::MatrixXd normals, Eigen::VectorXd offsets);

    Eigen::Index rows() const { return normals_.rows(); }
    Eigen::Index dimension() const { return normals_.cols(); }
    /// Column-major: with k ≤ 64 columns and many rows the product with x runs down the columns.
    Eigen::MatrixXd const& normals() const { return normals_; }
    Eigen::VectorXd const& offsets() const { return offsets_; }
    /// Some zero normal has a negative offset, so there is no point in it.
    bool impossible() const { return impossible_; }

  private:
    Eigen::MatrixXd normals_;
    Eigen::VectorXd offsets_;
    bool impossible_ = false;
};

}  // namespace surf::polytope
