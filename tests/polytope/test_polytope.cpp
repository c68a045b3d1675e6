#include <catch2/catch.hpp>
#include <limits>

#include "polytope/polytope.hpp"

using surf::polytope::Polytope;

TEST_CASE("rows get unit length and keep their half-spaces", "[polytope]")
{
    Polytope const polytope(Eigen::MatrixXd{{3, 4}, {0, -0.5}}, Eigen::VectorXd{{10, 2}});
    CHECK(polytope.rows() == 2);
    CHECK(polytope.dimension() == 2);
    CHECK(polytope.normals().isApprox(Eigen::MatrixXd{{0.6, 0.8}, {0, -1}}));
    CHECK(polytope.offsets().isApprox(Eigen::VectorXd{{2, 4}}));
    CHECK_FALSE(polytope.impossible());
}

TEST_CASE("a zero normal asks for nothing or for the impossible", "[polytope]")
{
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Eigen::MatrixXd const normals{{0, 2}, {0, 0}, {1e-20, 0}};
    Polytope const possible(normals, Eigen::VectorXd{{1, 0, 0.5}});
    CHECK_FALSE(possible.impossible());
    CHECK(possible.rows() == 3);
    CHECK(possible.normals().bottomRows(2).isZero(0));
    CHECK(possible.offsets()[0] == 0.5);
    CHECK(possible.offsets()[1] == infinity);
    CHECK(possible.offsets()[2] == infinity);
    CHECK_FALSE(Polytope(normals, Eigen::VectorXd{{1, -1e-15, 0}}).impossible());
    CHECK(Polytope(normals, Eigen::VectorXd{{1, 0, -1e-6}}).impossible());
    CHECK(Polytope(Eigen::MatrixXd::Zero(1, 3), Eigen::VectorXd{{-1}}).impossible());
    CHECK_FALSE(Polytope(Eigen::MatrixXd::Zero(1, 3), Eigen::VectorXd{{0}}).impossible());
}

TEST_CASE("without rows it is the whole space", "[polytope]")
{
    Polytope const space(Eigen::MatrixXd(0, 3), Eigen::VectorXd(0));
    CHECK(space.rows() == 0);
    CHECK(space.dimension() == 3);
    CHECK_FALSE(space.impossible());
}
