#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "polytope/division.hpp"
#include "polytope/projection.hpp"

using namespace surf::polytope;

namespace
{

constexpr std::size_t no_limit = 1'000'000;

Rows gaussian_rows(Eigen::Index rows, Eigen::Index dimension, std::mt19937& engine)
{
    std::normal_distribution<double> normal;
    auto const draw = [&] { return normal(engine); };
    return {Eigen::MatrixXd::NullaryExpr(rows, dimension, draw),
            Eigen::VectorXd::NullaryExpr(rows, draw)};
}

Rows no_rows(Eigen::Index dimension)
{
    return {Eigen::MatrixXd(0, dimension), Eigen::VectorXd(0)};
}

/// |x_i| ≤ side.
Rows centred_box(Eigen::Index dimension, double side)
{
    auto const unit = Eigen::MatrixXd::Identity(dimension, dimension);
    Rows const low{-unit, Eigen::VectorXd::Constant(dimension, side)};
    return Rows{unit, Eigen::VectorXd::Constant(dimension, side)}.stacked(low);
}

std::set<std::vector<bool>> patterns(std::vector<Part> const& parts)
{
    std::set<std::vector<bool>> all;
    for (Part const& part : parts)
    {
        CHECK(all.insert(part.above).second);
    }
    return all;
}

std::int64_t binomial(std::int64_t n, std::int64_t k)
{
    return k == 0 ? 1 : binomial(n, k - 1) * (n - k + 1) / k;
}

/// Whether some ball of this radius lies in the polytope and on these sides, by projection onto all
/// of it at once.
bool has_room(Rows const& polytope, Rows hyperplanes, std::vector<bool> const& above, double radius)
{
    for (std::size_t i = 0; i < above.size(); ++i)
    {
        if (above[i])
        {
            hyperplanes.normals.row(static_cast<Eigen::Index>(i)) *= -1;
            hyperplanes.offsets[static_cast<Eigen::Index>(i)] *= -1;
        }
    }
    Rows const all = polytope.stacked(hyperplanes);
    return project(Polytope(all.normals, all.offsets), Eigen::VectorXd::Zero(all.normals.cols()),
                   radius)
               .status == ProjectionStatus::found;
}

}  // namespace

TEST_CASE("Hyperplanes in general position divide space into as many parts as they must")
{
    // Schläfli: h hyperplanes in general position make Σ_{i ≤ k} C(h, i) parts.
    std::mt19937 engine(71);
    for (Eigen::Index const dimension : {1, 2, 3, 5})
    {
        for (Eigen::Index const hyperplanes : {0, 1, 4, 9})
        {
            std::int64_t expected = 0;
            for (Eigen::Index i = 0; i <= std::min(dimension, hyperplanes); ++i)
            {
                expected += binomial(hyperplanes, i);
            }
            Rows const rows = gaussian_rows(hyperplanes, dimension, engine);
            auto const parts =
                divide(no_rows(dimension), rows, Eigen::VectorXd::Zero(dimension), 1e-9, no_limit);
            INFO("k = " << dimension << ", " << hyperplanes << " hyperplanes");
            CHECK(std::ssize(patterns(parts)) == expected);
        }
    }
}

TEST_CASE("A part is found if and only if there is room in it, and its point lies inside")
{
    constexpr double radius = 0.01;
    constexpr Eigen::Index hyperplanes = 8;
    std::size_t found = 0;
    for (std::uint32_t seed = 0; seed < 20; ++seed)
    {
        std::mt19937 engine(seed);
        Eigen::Index const dimension = 2 + seed % 3;
        // Hundreds of rows: more than the search looks at first.
        Rows const polytope = centred_box(dimension, 1).stacked([&] {
            Rows cuts = gaussian_rows(seed % 2 == 0 ? 3 : 400, dimension, engine);
            cuts.offsets = cuts.offsets.cwiseAbs() + 0.5 * cuts.normals.rowwise().norm();
            return cuts;
        }());
        Rows rows = gaussian_rows(hyperplanes, dimension, engine);
        rows.offsets *= 0.3;
        rows.normals.row(1) = -2 * rows.normals.row(0);  // parallel, close together
        rows.offsets[1] = -2 * rows.offsets[0] + 0.001;
        Eigen::VectorXd const start = gaussian_rows(1, dimension, engine).normals.row(0);

        auto const parts = divide(polytope, rows, start, radius, no_limit);
        auto const found_patterns = patterns(parts);
        found += parts.size();
        for (std::uint32_t bits = 0; bits < (1U << hyperplanes); ++bits)
        {
            std::vector<bool> above;
            for (std::uint32_t i = 0; i < hyperplanes; ++i)
            {
                above.push_back((bits >> i & 1U) != 0);
            }
            CHECK(found_patterns.contains(above) == has_room(polytope, rows, above, radius));
        }
        for (Part const& part : parts)
        {
            Eigen::VectorXd const slack = (polytope.offsets - polytope.normals * part.inside)
                                              .cwiseQuotient(polytope.normals.rowwise().norm());
            CHECK(slack.minCoeff() > radius * (1 - 1e-6));
            Eigen::VectorXd const height = rows.normals * part.inside - rows.offsets;
            for (std::size_t i = 0; i < part.above.size(); ++i)
            {
                CHECK((height[static_cast<Eigen::Index>(i)] > 0) == part.above[i]);
            }
        }
    }
    CHECK(found > 200);
}

TEST_CASE("An empty or too thin polytope has no parts, and a limit ends the search")
{
    Rows thin = centred_box(2, 1);
    thin.offsets[0] = -0.5;
    thin.offsets[2] = 0.501;  // −0.501 ≤ x_1 ≤ −0.5
    std::mt19937 engine(3);
    Rows const rows = gaussian_rows(6, 2, engine);
    Eigen::VectorXd const origin = Eigen::VectorXd::Zero(2);
    CHECK(divide(thin, rows, origin, 0.01, no_limit).empty());
    CHECK_FALSE(divide(thin, rows, origin, 1e-6, no_limit).empty());
    CHECK(divide(no_rows(2), rows, origin, 1e-9, 5).size() == 6);
}
