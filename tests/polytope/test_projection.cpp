#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "polytope/optimality.hpp"
#include "polytope/projection.hpp"

using namespace surf;
using namespace surf::polytope;
using namespace surf::test;

namespace
{

/// {x : low ≤ x_i ≤ high}.
Rows box(Eigen::Index k, double low, double high)
{
    Eigen::MatrixXd normals(2 * k, k);
    normals << Eigen::MatrixXd::Identity(k, k), -Eigen::MatrixXd::Identity(k, k);
    Eigen::VectorXd offsets(2 * k);
    offsets << Eigen::VectorXd::Constant(k, high), Eigen::VectorXd::Constant(k, -low);
    return {normals, offsets};
}

/// {x ≥ 0 : Σ x_i ≤ 1}.
Rows simplex(Eigen::Index k)
{
    Eigen::MatrixXd normals(k + 1, k);
    normals << -Eigen::MatrixXd::Identity(k, k), Eigen::RowVectorXd::Ones(k);
    Eigen::VectorXd offsets = Eigen::VectorXd::Zero(k + 1);
    offsets[k] = 1;
    return {normals, offsets};
}

/// By sorting, as Held, Wolfe & Crowder (1974) do.
Eigen::VectorXd nearest_in_simplex(Eigen::VectorXd const& target)
{
    if (target.cwiseMax(0).sum() <= 1)
    {
        return target.cwiseMax(0);
    }
    Eigen::VectorXd descending = target;
    std::sort(descending.begin(), descending.end(), std::greater<>());
    double shift = 0;
    double sum = 0;
    for (Eigen::Index i = 0; i < target.size(); ++i)
    {
        sum += descending[i];
        double const candidate = (sum - 1) / static_cast<double>(i + 1);
        shift = descending[i] > candidate ? candidate : shift;
    }
    return (target.array() - shift).max(0);
}

}  // namespace

TEST_CASE("a half-space, a box and a simplex have their closed forms", "[projection]")
{
    RandomStream stream = random_rows(1);
    for (Eigen::Index k = 1; k <= 20; ++k)
    {
        Eigen::VectorXd const target = 2 * normal_vector(stream, k);
        Eigen::VectorXd const normal = normal_vector(stream, k);
        double const offset = stream.normal();
        double const excess = std::max(normal.dot(target) - offset, 0.0);
        Rows const half_space{normal.transpose(), Eigen::VectorXd::Constant(1, offset)};
        CAPTURE(k);
        CHECK((project(polytope_of(half_space), target).point -
               (target - excess / normal.squaredNorm() * normal))
                  .norm() < 1e-12);
        CHECK((project(polytope_of(box(k, -0.5, 1)), target).point -
               target.cwiseMin(1).cwiseMax(-0.5))
                  .norm() < 1e-12);
        CHECK((project(polytope_of(simplex(k)), target).point - nearest_in_simplex(target)).norm() <
              1e-12);
    }
}

TEST_CASE("random projections are optimal, also in many dimensions and among many rows",
          "[projection]")
{
    RandomStream stream = random_rows(2);
    for (Eigen::Index const k : {1, 2, 5, 20, 64})
    {
        for (Eigen::Index const rows : {1, 10, 100, 300, 5'000})
        {
            Eigen::VectorXd const inner = normal_vector(stream, k);
            Rows const given = rows_around(stream, inner, rows);
            Polytope const polytope = polytope_of(given);
            for (double const distance : {0.01, 1.0, 30.0})
            {
                CAPTURE(k, rows, distance);
                Eigen::VectorXd const target = inner + distance * normal_vector(stream, k);
                check_optimal(given, target, project(polytope, target));
            }
        }
    }
}

TEST_CASE("points of the polytope are their own projections", "[projection]")
{
    RandomStream stream = random_rows(3);
    Eigen::VectorXd const inner = normal_vector(stream, 7);
    Rows const rows = rows_around(stream, inner, 1'000);
    Projection const inside = project(polytope_of(rows), inner);
    CHECK(inside.point == inner);
    CHECK(inside.active.empty());
    CHECK(inside.iterations == 0);
}

TEST_CASE("a projector walks as projected gradient does and answers as a new one", "[projection]")
{
    RandomStream stream = random_rows(4);
    Eigen::VectorXd const inner = normal_vector(stream, 10);
    Rows const rows = rows_around(stream, inner, 3'000);
    Polytope const polytope = polytope_of(rows);
    Projector projector(polytope);
    Eigen::VectorXd point = inner;
    Eigen::VectorXd const goal = inner + 3 * normal_vector(stream, 10);
    for (int step = 0; step < 60; ++step)
    {
        CAPTURE(step);
        Eigen::VectorXd target = point + (goal - point) / 20;
        if (step % 20 == 19)
        {
            target = 4 * normal_vector(stream, 10);  // a leap
        }
        Projection const walked = projector.project(target);
        check_optimal(rows, target, walked);
        CHECK((walked.point - project(polytope, target).point).norm() < 1e-10);
        point = walked.point;
    }
}

TEST_CASE("a margin asks for a ball", "[projection]")
{
    Rows const cube = box(3, 0, 2);
    Polytope const polytope = polytope_of(cube);
    Eigen::VectorXd const target{{5, 1, -5}};
    CHECK((project(polytope, target, 0.25).point - Eigen::VectorXd{{1.75, 1, 0.25}}).norm() <
          1e-12);
    CHECK((project(polytope, target, 1).point - Eigen::VectorXd{{1, 1, 1}}).norm() < 1e-10);
    CHECK(project(polytope, target, 1.001).status == ProjectionStatus::empty);

    RandomStream stream = random_rows(5);
    Eigen::VectorXd const inner = normal_vector(stream, 6);
    Rows rows = rows_around(stream, inner, 2'000);
    rows.offsets += 0.1 * rows.normals.rowwise().norm();  // a ball of radius 0.1 fits in
    Eigen::VectorXd const outside = 3 * normal_vector(stream, 6);
    check_optimal(rows, outside, project(polytope_of(rows), outside, 0.1), 0.1);
}
