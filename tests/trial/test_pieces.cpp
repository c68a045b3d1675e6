#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "model/random_network.hpp"
#include "polytope/projection.hpp"
#include "trial/eigen.hpp"
#include "trial/pieces.hpp"
#include "trial/small_relu_network.hpp"

using namespace surf;
using namespace surf::trial;
using polytope::ProjectionStatus;
using test::Pattern;
using test::SmallNetwork;

namespace
{

constexpr std::int64_t no_cap = 1'000'000;
constexpr double everything = 1e9;
/// What a piece must have room for, as the search has it.
constexpr double room = 1e-7;

/// Whether some x has this pattern, with room around it: rows from the masked weights, one
/// projection onto all of them.
bool exists(SmallNetwork const& network, Pattern const& pattern)
{
    std::int64_t const k = network.latent_dim();
    Eigen::MatrixXd jacobian = Eigen::MatrixXd::Identity(k, k);
    Eigen::VectorXd constant = Eigen::VectorXd::Zero(k);
    Eigen::MatrixXd normals(std::ssize(pattern), k);
    Eigen::VectorXd offsets(std::ssize(pattern));
    Eigen::Index row = 0;
    for (std::size_t layer = 0; layer + 1 < network.depth(); ++layer)
    {
        jacobian = network.weight(layer) * jacobian;
        constant = network.weight(layer) * constant + network.bias(layer);
        for (Eigen::Index unit = 0; unit < constant.size(); ++unit, ++row)
        {
            bool const active = pattern[static_cast<std::size_t>(row)];
            double const sign = active ? -1 : 1;
            normals.row(row) = sign * jacobian.row(unit);
            offsets[row] = -sign * constant[unit];
            if (!active)
            {
                jacobian.row(unit).setZero();
                constant[unit] = 0;
            }
        }
    }
    return project(polytope::Polytope(normals, offsets), Eigen::VectorXd::Zero(k), room).status ==
           ProjectionStatus::found;
}

Eigen::VectorXd random_latent(std::int64_t k, std::uint64_t seed)
{
    return to_vector(test::random_tensor({k}, seed));
}

/// The piece's pattern, at a point well inside it; checks that it is affine there as it says.
Pattern pattern_of(SmallNetwork const& network, LinearPiece const& piece)
{
    Eigen::VectorXd const origin = Eigen::VectorXd::Zero(piece.jacobian.cols());
    auto const inside = project(piece.region, origin, room / 2);
    REQUIRE(inside.status == ProjectionStatus::found);
    Eigen::VectorXd const value = piece.jacobian * inside.point + piece.constant;
    CHECK((value - network.output(inside.point)).norm() < 1e-9 * (1 + value.norm()));
    return network.pattern(inside.point);
}

std::set<Pattern> patterns_of(SmallNetwork const& network, Neighbourhood const& found)
{
    std::set<Pattern> patterns;
    for (LinearPiece const& piece : found.pieces)
    {
        CHECK(patterns.insert(pattern_of(network, piece)).second);  // no piece twice
    }
    return patterns;
}

/// All patterns that exist and differ from that at x in near-zero units alone, one by one.
std::set<Pattern> exhaustive(SmallNetwork const& network, Eigen::VectorXd const& latent,
                             double slack)
{
    Eigen::VectorXd const hidden = network.hidden(latent);
    std::vector<std::size_t> near;
    for (Eigen::Index unit = 0; unit < hidden.size(); ++unit)
    {
        if (std::abs(hidden[unit]) <= slack)
        {
            near.push_back(static_cast<std::size_t>(unit));
        }
    }
    std::set<Pattern> patterns;
    for (std::uint32_t bits = 0; bits < (1U << near.size()); ++bits)
    {
        Pattern pattern = network.pattern(latent);
        for (std::size_t i = 0; i < near.size(); ++i)
        {
            if ((bits >> i & 1U) != 0)
            {
                pattern[near[i]] = !pattern[near[i]];
            }
        }
        if (exists(network, pattern))
        {
            patterns.insert(pattern);
        }
    }
    return patterns;
}

}  // namespace

TEST_CASE("Every piece around a latent is found and no empty one, against exhaustive enumeration")
{
    std::size_t pieces = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed)
    {
        std::int64_t const k = 1 + static_cast<std::int64_t>(seed % 3);
        SmallNetwork const network({k, 5, 4, 3}, seed);
        auto generator = network.generator();
        Eigen::VectorXd const latent = random_latent(k, seed);
        for (double const slack : {0.0, 0.3, 1.0, everything})
        {
            INFO("seed " << seed << ", k = " << k << ", slack " << slack);
            auto const found = find_pieces(generator, latent, {slack, no_cap});
            CHECK(patterns_of(network, found) == exhaustive(network, latent, slack));
            CHECK(found.near_units == (network.hidden(latent).array().abs() <= slack).count());
            CHECK(found.units_cut == 0);
            // x itself lies in the first piece.
            polytope::Polytope const& own = found.pieces.front().region;
            CHECK((own.normals() * latent - own.offsets()).maxCoeff() < 1e-12);
            pieces += found.pieces.size();
        }
    }
    CHECK(pieces > 300);
}

TEST_CASE("Every pattern that sampling meets is among the pieces of all units")
{
    SmallNetwork const network({2, 8, 7, 6, 3}, 5);
    auto generator = network.generator();
    auto const found = find_pieces(generator, random_latent(2, 5), {everything, no_cap});
    auto const patterns = patterns_of(network, found);
    std::set<Pattern> met;
    for (std::uint64_t seed = 0; seed < 20'000; ++seed)
    {
        met.insert(network.pattern(4 * random_latent(2, seed)));
    }
    CHECK(met.size() > 20);
    for (Pattern const& pattern : met)
    {
        CHECK(patterns.contains(pattern));
    }
}

TEST_CASE("A cap keeps the units nearest to zero, as many as fit")
{
    SmallNetwork const network({2, 8, 7, 3}, 9);
    auto generator = network.generator();
    Eigen::VectorXd const latent = random_latent(2, 9);
    auto const all = find_pieces(generator, latent, {everything, no_cap});
    std::vector<double> distances;
    for (double const value : network.hidden(latent))
    {
        distances.push_back(std::abs(value));
    }
    std::ranges::sort(distances);
    REQUIRE(all.near_units == std::ssize(distances));
    for (std::int64_t const cap : {1, 2, 5, 12})
    {
        auto const capped = find_pieces(generator, latent, {everything, cap});
        CHECK(std::ssize(capped.pieces) <= cap);
        CHECK(capped.near_units == all.near_units);
        CHECK(capped.units_cut > 0);
        auto const kept = static_cast<std::size_t>(capped.near_units - capped.units_cut);
        auto const of_units = [&](std::size_t count) {
            double const slack = count == 0 ? 0 : distances[count - 1] + 1e-12;
            return patterns_of(network, find_pieces(generator, latent, {slack, no_cap}));
        };
        CHECK(patterns_of(network, capped) == of_units(kept));
        CHECK(std::ssize(of_units(kept + 1)) > cap);
    }
}

TEST_CASE("The pieces of a convolutional generator continue it beyond their borders")
{
    std::int64_t const k = 3;
    auto const spec = test::dcgan_network(k);
    model::FrozenGenerator generator(spec, test::random_parameters(spec, 31), at::kCPU,
                                     at::kDouble);
    Eigen::VectorXd const latent = random_latent(k, 32);
    auto const found = find_pieces(generator, latent, {2e-3, 32});
    CHECK(found.near_units > 2);
    REQUIRE(found.pieces.size() > 3);
    for (LinearPiece const& piece : found.pieces)
    {
        CHECK(piece.region.rows() == 1024 + 6272 + 12'544);
        auto const inside = project(piece.region, latent, room / 2);
        REQUIRE(inside.status == ProjectionStatus::found);
        at::Tensor const image = generator.forward(to_tensor(inside.point).unsqueeze(0)).squeeze(0);
        at::Tensor const value = to_tensor(piece.jacobian * inside.point + piece.constant);
        CHECK(test::relative_error(value.sigmoid(), image) < 1e-9);
    }
}
