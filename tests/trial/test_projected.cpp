#include <Eigen/Eigenvalues>
#include <catch2/catch.hpp>
#include <cmath>

#include "trial/eigen.hpp"
#include "trial/projected.hpp"
#include "trial/small_relu_network.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

/// A flow of networks θ(s), 0 ≤ s ≤ 1, on the straight line from one random network towards
/// another, and a fixed target: what the network half-way gives somewhere.
class Flow
{
  public:
    explicit Flow(std::uint64_t seed)
        : from_({2, 6, 8, 10}, seed, 0.7), towards_({2, 6, 8, 10}, seed + 1000, 0.7)
    {
        target_ = at(0.5).output(Eigen::Vector2d(0.6, -0.4));
    }

    test::SmallNetwork at(double s) const { return from_.towards(towards_, 0.25 * s); }
    PieceTarget target() const { return PieceTarget({{}, to_tensor(target_)}); }

    /// f at many latents [2 × batch]: [batch].
    Eigen::VectorXd values(test::SmallNetwork const& network, Eigen::MatrixXd const& latents) const
    {
        return (network.output(latents).colwise() - target_).colwise().squaredNorm() / 2;
    }

  private:
    test::SmallNetwork from_;
    test::SmallNetwork towards_;
    Eigen::VectorXd target_;
};

constexpr double extent = 4;

/// Points of a square grid around a centre, row by row: [2 × points²].
Eigen::MatrixXd grid(Eigen::Vector2d const& centre, double half_side, Eigen::Index points)
{
    Eigen::VectorXd const side = Eigen::VectorXd::LinSpaced(points, -half_side, half_side);
    Eigen::MatrixXd all(2, points * points);
    for (Eigen::Index i = 0; i < points * points; ++i)
    {
        all.col(i) = centre + Eigen::Vector2d(side[i / points], side[i % points]);
    }
    return all;
}

struct Minimum
{
    Eigen::Vector2d latent;
    double value;
};

/// The global minimum by brute force: a grid, then ever finer grids around its best points.
Minimum brute_force(Flow const& flow, test::SmallNetwork const& network)
{
    constexpr Eigen::Index points = 81;
    Eigen::MatrixXd const coarse = grid({0, 0}, extent, points);
    Eigen::VectorXd const values = flow.values(network, coarse);
    std::vector<Minimum> minima;
    for (Eigen::Index i = 1; i + 1 < points; ++i)
    {
        for (Eigen::Index j = 1; j + 1 < points; ++j)
        {
            Eigen::Index const here = i * points + j;
            bool lowest = true;
            for (Eigen::Index const other :
                 {here - points - 1, here - points, here - points + 1, here - 1, here + 1,
                  here + points - 1, here + points, here + points + 1})
            {
                lowest = lowest && values[here] <= values[other];
            }
            if (!lowest)
            {
                continue;
            }
            Eigen::Vector2d centre = coarse.col(here);
            double value = values[here];
            for (double side = 2 * extent / points; side > 1e-8; side *= 0.5)
            {
                Eigen::MatrixXd const fine = grid(centre, side, 9);
                Eigen::VectorXd const around = flow.values(network, fine);
                Eigen::Index best = 0;
                value = around.minCoeff(&best);
                centre = fine.col(best);
            }
            minima.push_back({centre, value});
        }
    }
    if (minima.empty())
    {
        return {{extent, extent}, 0};  // it lies outside
    }
    return *std::ranges::min_element(minima, {}, &Minimum::value);
}

constexpr ProjectedSettings exact = {
    .slack = 0.5, .max_pieces = 100'000, .step_tolerance = 1e-10, .max_steps = 100'000};

/// A ride along a flow from x*_0, step by step.
struct Ride
{
    std::vector<Minimum> minima;       ///< x*_0 … x*_T
    std::vector<ProjectedMove> moves;  ///< to t = 1 … T
    std::vector<double> distances;     ///< ‖x_t − x*_t‖, t = 1 … T

    Ride(Flow const& flow, std::int64_t steps, ProjectedSettings const& settings)
        : minima({brute_force(flow, flow.at(0))})
    {
        Eigen::VectorXd latent = minima.front().latent;
        for (std::int64_t t = 1; t <= steps; ++t)
        {
            auto const network = flow.at(static_cast<double>(t) / static_cast<double>(steps));
            auto generator = network.generator();
            moves.push_back(move_on_pieces(generator, flow.target(), latent, settings));
            latent = moves.back().best.latent;
            minima.push_back(brute_force(flow, network));
            distances.push_back((latent - minima.back().latent).norm());
        }
    }

    /// Lδ: the longest way of the minimiser from one network to the next.
    double longest_way() const
    {
        double longest = 0;
        for (std::size_t t = 1; t < minima.size(); ++t)
        {
            longest = std::max(longest, (minima[t].latent - minima[t - 1].latent).norm());
        }
        return longest;
    }
};

/// M of the theorem: the largest norm of a hidden layer's weights.
double largest_norm(test::SmallNetwork const& network)
{
    double largest = 0;
    for (std::size_t layer = 0; layer + 1 < network.depth(); ++layer)
    {
        largest = std::max(largest, network.weight(layer).operatorNorm());
    }
    return largest;
}

}  // namespace

TEST_CASE("With small steps x_t is the global minimiser at every t, as theorem 3.3 says")
{
    constexpr double hidden_layers = 2;
    for (std::uint64_t const seed : {17U, 44U})
    {
        INFO("seed " << seed);
        Flow const flow(seed);
        Ride const ride(flow, 250, exact);
        // The theorem's condition holds: Lδ · max(M, 1)^(d + 1) < τ.
        double const norm = std::max({1.0, largest_norm(flow.at(0)), largest_norm(flow.at(1))});
        REQUIRE(ride.longest_way() * std::pow(norm, hidden_layers + 1) < exact.slack);
        double way = 0;
        for (std::size_t t = 0; t < ride.moves.size(); ++t)
        {
            INFO("t = " << t + 1);
            CHECK(ride.distances[t] < 1e-3);
            CHECK(ride.moves[t].best.value < ride.minima[t + 1].value + 1e-9);
            CHECK(ride.moves[t].units_cut == 0);
            way += (ride.minima[t + 1].latent - ride.minima[t].latent).norm();
        }
        CHECK(way > 0.3);  // or there was nothing to follow
    }
}

TEST_CASE("With large steps the global minimiser is lost")
{
    ProjectedSettings settings = exact;
    settings.slack = 0.05;
    for (std::uint64_t const seed : {17U, 44U})
    {
        Ride const ride(Flow(seed), 1, settings);
        CHECK(ride.distances.back() > 0.1);
        CHECK(ride.moves.back().best.value > ride.minima.back().value + 1e-4);
    }
}

TEST_CASE("More rounds go on to pieces further away, until f falls no more")
{
    Flow const flow(44);
    auto generator = flow.at(1).generator();
    Eigen::VectorXd const start = brute_force(flow, flow.at(0)).latent;
    ProjectedSettings settings = exact;
    settings.slack = 0.05;
    auto const once = move_on_pieces(generator, flow.target(), start, settings);
    settings.rounds = 100;
    auto const often = move_on_pieces(generator, flow.target(), start, settings);
    CHECK(often.best.value < 0.9 * once.best.value);
    CHECK(often.pieces > once.pieces);
    CHECK(often.passes > once.passes);
    CHECK(often.steps > once.steps);
    CHECK(often.pieces < 50 * once.pieces);  // it ended by itself
}
