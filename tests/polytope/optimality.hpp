#pragma once

#include <catch2/catch.hpp>

#include "base/random.hpp"
#include "polytope/division.hpp"
#include "polytope/projection.hpp"

namespace surf::test
{

using polytope::Rows;

inline polytope::Polytope polytope_of(Rows const& rows)
{
    return {rows.normals, rows.offsets};
}

inline Eigen::MatrixXd normal_matrix(RandomStream& stream, Eigen::Index rows, Eigen::Index columns)
{
    return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return stream.normal(); });
}

inline Eigen::VectorXd normal_vector(RandomStream& stream, Eigen::Index size)
{
    return normal_matrix(stream, size, 1);
}

/// A stream of random polytopes and targets.
inline RandomStream random_rows(std::uint64_t seed)
{
    return {seed, "test/polytope", Purpose::target_latent, 0};
}

/// Random rows that `inner` fulfils with |N(0, 1)| to spare.
inline Rows rows_around(RandomStream& stream, Eigen::VectorXd const& inner, Eigen::Index rows)
{
    Eigen::MatrixXd const normals = normal_matrix(stream, rows, inner.size());
    return {normals, normals * inner + normal_vector(stream, rows).cwiseAbs()};
}

/// Whether the projection is found and fulfils the conditions of Karush, Kuhn and Tucker on
/// {x : Cx ≤ d − margin·‖c‖}, which nothing but the nearest point does: computed from the rows as
/// they were given.
inline void check_optimal(Rows const& rows, Eigen::VectorXd const& target,
                          polytope::Projection const& projection, double margin = 0)
{
    constexpr double tolerance = 1e-10;
    REQUIRE(projection.status == polytope::ProjectionStatus::found);
    REQUIRE(projection.point.allFinite());
    double const size = 1 + target.norm() + projection.point.norm();
    Eigen::VectorXd pull = target - projection.point;
    for (Eigen::Index row = 0; row < rows.normals.rows(); ++row)
    {
        double const length = rows.normals.row(row).norm();
        double const slack = rows.offsets[row] - rows.normals.row(row).dot(projection.point);
        REQUIRE(slack - margin * length >= -tolerance * size * length);
    }
    REQUIRE(projection.multipliers.size() == std::ssize(projection.active));
    for (std::size_t i = 0; i < projection.active.size(); ++i)
    {
        Eigen::Index const row = projection.active[i];
        double const multiplier = projection.multipliers[static_cast<Eigen::Index>(i)];
        double const length = rows.normals.row(row).norm();
        double const slack = rows.offsets[row] - rows.normals.row(row).dot(projection.point);
        REQUIRE(multiplier >= 0);
        REQUIRE(slack / length == Approx(margin).margin(tolerance * size));
        pull -= multiplier / length * rows.normals.row(row).transpose();
    }
    // Nearly parallel rows pull with large multipliers, which all but cancel.
    REQUIRE(pull.norm() <= tolerance * size + 1e-12 * projection.multipliers.sum());
}

}  // namespace surf::test
