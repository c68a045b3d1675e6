#pragma once

#include <cstdint>
#include <vector>

#include "polytope/near_rows.hpp"
#include "polytope/polytope.hpp"

namespace surf::polytope
{

enum class ProjectionStatus
{
    found,
    empty,      ///< the polytope has no point
    undecided,  ///< lost in rounding errors; not seen on well-scaled rows
};

/// The nearest point of a polytope, if there is one.
struct Projection
{
    ProjectionStatus status = ProjectionStatus::undecided;
    Eigen::VectorXd point = {};             ///< [k]; only if found
    std::vector<Eigen::Index> active = {};  ///< rows that hold the point, linearly independent
    Eigen::VectorXd multipliers = {};  ///< u ≥ 0 with target − point = Σ u_i c_i over `active`
    std::int64_t iterations = 0;       ///< rows that entered, some more than once
};

/// Projects points onto {x : Cx ≤ d − margin}: the polytope without what lies within `margin` of
/// its faces. A projection onto it that is found shows a ball of that radius in the polytope.
///
/// The dual active-set method of Goldfarb & Idnani (1983): exact but for rounding, distances to
/// about 1e-12 of ‖target‖ + distance where the rows' numbers are moderate. It looks at all rows
/// when targets move far and at few when they stay near those before, as in projected gradient.
/// What came before changes how fast an answer is, and the answer by no more than rounding.
class Projector
{
  public:
    /// Refers to `polytope`. margin ≥ 0.
    explicit Projector(Polytope const& polytope, double margin = 0);

    /// `target` is [k], finite.
    Projection project(Eigen::VectorXd const& target);

  private:
    Polytope const& polytope_;
    NearRows near_rows_;
};

/// Projects one point.
Projection project(Polytope const& polytope, Eigen::VectorXd const& target, double margin = 0);

}  // namespace surf::polytope
