#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <vector>

namespace surf::polytope
{

/// Inequalities c·x ≤ d, or hyperplanes c·x = d: C is [rows × k], d [rows]; rows of any length.
struct Rows
{
    Eigen::MatrixXd normals;
    Eigen::VectorXd offsets;

    /// These rows, then those of `below`; with no rows at all, just those.
    Rows stacked(Rows const& below) const;
    /// Turns c·x ≤ d round: c·x ≥ d.
    void flip(Eigen::Index row);
};

/// One of the parts into which hyperplanes divide a polytope.
struct Part
{
    std::vector<bool> above;  ///< for each hyperplane, whether c·x ≥ d in the part
    Eigen::VectorXd inside;   ///< the centre of a ball in it
};

/// The parts that hold a ball of `radius` > 0, in no particular order: all of them, or the first
/// limit + 1 that are found. The search walks from `start`, which need not lie in the polytope, and
/// is quick where the parts are near it.
std::vector<Part> divide(Rows const& polytope, Rows const& hyperplanes,
                         Eigen::VectorXd const& start, double radius, std::size_t limit);

}  // namespace surf::polytope
