#include "polytope/projection.hpp"

#include "base/contract.hpp"
#include "polytope/active_set.hpp"

namespace surf::polytope
{
namespace
{

/// Each row that enters takes the point further from the target, so that no active set comes back;
/// only rounding errors could let it. Well-scaled polytopes need a few times k.
std::int64_t most_iterations(Eigen::Index dimension)
{
    return 1000 + 100 * dimension;
}

Projection found(ActiveSet const& active, std::int64_t iterations)
{
    Projection projection;
    projection.status = ProjectionStatus::found;
    projection.point = active.point();
    projection.active.assign(active.rows().begin(), active.rows().end());
    projection.multipliers = active.multipliers().cwiseMax(0);
    projection.iterations = iterations;
    return projection;
}

Projection search(Polytope const& polytope, Eigen::VectorXd const& target, NearRows& near_rows)
{
    ActiveSet active(target);
    std::int64_t const most = most_iterations(polytope.dimension());
    for (std::int64_t iteration = 0; iteration < most; ++iteration)
    {
        auto const row = near_rows.violated(active.point(), active.tolerance(), active.rows());
        if (!row)
        {
            return found(active, iteration);
        }
        auto const entry = active.enter(*row, polytope.normals().row(*row), near_rows.offset(*row));
        if (entry != ActiveSet::Entry::entered)
        {
            bool const proven = entry == ActiveSet::Entry::impossible;
            return {.status = proven ? ProjectionStatus::empty : ProjectionStatus::undecided,
                    .iterations = iteration};
        }
    }
    return {.status = ProjectionStatus::undecided, .iterations = most};
}

}  // namespace

Projector::Projector(Polytope const& polytope, double margin)
    : polytope_(polytope), near_rows_(polytope, margin)
{
    EXPECT(margin >= 0);
}

Projection Projector::project(Eigen::VectorXd const& target)
{
    EXPECT(target.size() == polytope_.dimension() && target.allFinite());
    if (polytope_.impossible())
    {
        return {.status = ProjectionStatus::empty};
    }
    return search(polytope_, target, near_rows_);
}

Projection project(Polytope const& polytope, Eigen::VectorXd const& target, double margin)
{
    return Projector(polytope, margin).project(target);
}

}  // namespace surf::polytope
