/// Polytopes that are degenerate, unbounded or empty.
#include <catch2/catch.hpp>
#include <cmath>

#include "polytope/optimality.hpp"
#include "polytope/projection.hpp"

using namespace surf;
using namespace surf::polytope;
using namespace surf::test;

namespace
{

Rows operator+(Rows const& first, Rows const& second)
{
    return first.stacked(second);
}

/// −Cx ≤ −d − gap: the rows' other sides, `gap` further out.
Rows other_sides(Rows const& rows, double gap)
{
    return {-rows.normals, (-rows.offsets).array() - gap};
}

}  // namespace

TEST_CASE("many rows through one point", "[degenerate]")
{
    RandomStream stream = random_rows(1);
    for (Eigen::Index const k : {1, 2, 5, 20})
    {
        for (Eigen::Index const count : {40, 2'000})
        {
            CAPTURE(k, count);
            Eigen::VectorXd const vertex = normal_vector(stream, k);
            Eigen::MatrixXd const normals = normal_matrix(stream, count, k);
            Rows const cone{normals, normals * vertex};
            Eigen::VectorXd const target = vertex + 5 * normal_vector(stream, k);
            check_optimal(cone, target, project(polytope_of(cone), target));
            check_optimal(cone, vertex, project(polytope_of(cone), vertex));
        }
    }
}

TEST_CASE("rows given twice, in other lengths, and zero rows among them", "[degenerate]")
{
    RandomStream stream = random_rows(2);
    Eigen::VectorXd const inner = normal_vector(stream, 8);
    Rows const once = rows_around(stream, inner, 200);
    Rows const zero{Eigen::MatrixXd::Zero(3, 8), Eigen::VectorXd{{0, 1, 2}}};
    Rows const rows = once + zero + Rows{3 * once.normals, 3 * once.offsets} + once;
    Eigen::VectorXd const target = inner + 2 * normal_vector(stream, 8);
    Projection const projection = project(polytope_of(rows), target);
    check_optimal(rows, target, projection);
    CHECK((projection.point - project(polytope_of(once), target).point).norm() < 1e-12);
}

TEST_CASE("nearly parallel rows", "[degenerate]")
{
    RandomStream stream = random_rows(3);
    for (double const angle : {1e-3, 1e-5, 1e-7, 1e-10, 1e-14})
    {
        CAPTURE(angle);
        Eigen::VectorXd const inner = normal_vector(stream, 6);
        Rows const rows = rows_around(stream, inner, 50);
        Eigen::MatrixXd const close = rows.normals + angle * normal_matrix(stream, 50, 6);
        Rows const both = rows + Rows{close, close * inner + (rows.offsets - rows.normals * inner)};
        Eigen::VectorXd const target = inner + 4 * normal_vector(stream, 6);
        check_optimal(both, target, project(polytope_of(both), target));
    }
}

TEST_CASE("pairs of rows that are equations", "[degenerate]")
{
    RandomStream stream = random_rows(4);
    for (Eigen::Index const equations : {1, 3, 6})
    {
        CAPTURE(equations);
        Eigen::VectorXd const inner = normal_vector(stream, 6);
        Eigen::MatrixXd const normals = normal_matrix(stream, equations, 6);
        Rows const upper{normals, normals * inner};
        Rows const rows = rows_around(stream, inner, 100) + upper + other_sides(upper, 0);
        Eigen::VectorXd const target = inner + 3 * normal_vector(stream, 6);
        check_optimal(rows, target, project(polytope_of(rows), target));
        CHECK(project(polytope_of(rows), target, 1e-6).status == ProjectionStatus::empty);
    }
}

TEST_CASE("fewer rows than dimensions, and none", "[degenerate]")
{
    RandomStream stream = random_rows(5);
    Eigen::VectorXd const inner = normal_vector(stream, 20);
    Eigen::VectorXd const target = inner + 5 * normal_vector(stream, 20);
    for (Eigen::Index const count : {0, 1, 5, 19})
    {
        CAPTURE(count);
        Rows const rows = rows_around(stream, inner, count);
        check_optimal(rows, target, project(polytope_of(rows), target));
    }
}

TEST_CASE("an empty polytope is an answer", "[degenerate]")
{
    RandomStream stream = random_rows(6);
    for (Eigen::Index const k : {1, 2, 5, 20})
    {
        Eigen::VectorXd const inner = normal_vector(stream, k);
        Rows const rows = rows_around(stream, inner, 500);
        Rows const face{rows.normals.topRows(1), rows.offsets.head(1)};
        Rows const zero{Eigen::MatrixXd::Zero(1, k), Eigen::VectorXd{{-1e-3}}};
        // k normals and minus their sum, whose half-spaces leave a simplex or, here, nothing.
        Eigen::MatrixXd const some = normal_matrix(stream, k, k);
        Rows const faces{some, some * inner};
        double const sum = faces.offsets.sum();
        Rows const last{-some.colwise().sum(), Eigen::VectorXd{{-sum - 1e-3}}};
        for (double const distance : {0.0, 1.0, 30.0})
        {
            CAPTURE(k, distance);
            Eigen::VectorXd const target = inner + distance * normal_vector(stream, k);
            for (Rows const& empty :
                 {rows + other_sides(face, 1e-6), rows + zero, rows + faces + last})
            {
                Projection const projection = project(polytope_of(empty), target);
                CHECK(projection.status == ProjectionStatus::empty);
                CHECK(projection.point.size() == 0);
            }
        }
    }
}

TEST_CASE("emptiness that rounding errors could make up is not claimed", "[degenerate]")
{
    // y ≤ 0 and 1e-9 x ≤ y leave x ≤ 0, or x ≤ 0.002 where rows are fulfilled to 1e-12: not x ≥ 1.
    Eigen::MatrixXd const normals{{0, 1}, {1e-9, -1}, {-1, 0}};
    auto const status = [&](double least_x) {
        Polytope const polytope(normals, Eigen::VectorXd{{0, 0, -least_x}});
        return project(polytope, Eigen::VectorXd{{2, 0}}).status;
    };
    CHECK(status(1) == ProjectionStatus::empty);
    CHECK(status(1e-4) == ProjectionStatus::undecided);
    CHECK(status(0) == ProjectionStatus::found);
}

TEST_CASE("rows beyond what doubles can tell are never answered wrongly", "[degenerate]")
{
    RandomStream stream = random_rows(7);
    int found = 0;
    for (int trial = 0; trial < 500; ++trial)
    {
        // Few directions, each taken many times with small deviations, both sides touching `inner`.
        Eigen::VectorXd const inner = normal_vector(stream, 9);
        double const angle = std::pow(10.0, -5 - 10 * stream.uniform());
        Eigen::MatrixXd const directions = normal_matrix(stream, 8, 9);
        Eigen::MatrixXd const normals =
            directions.replicate(3, 1) + angle * normal_matrix(stream, 24, 9);
        Rows const upper{normals, normals * inner};
        Rows const rows = upper + other_sides(upper, -1e-12);
        Eigen::VectorXd const target = inner + normal_vector(stream, 9);
        Projection const projection = project(polytope_of(rows), target);
        CAPTURE(trial, angle);
        CHECK(projection.status != ProjectionStatus::empty);
        if (projection.status == ProjectionStatus::found)
        {
            ++found;
            check_optimal(rows, target, projection);
        }
    }
    CHECK(found > 250);
}
