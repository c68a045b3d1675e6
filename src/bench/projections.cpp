#include "bench/projections.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/random.hpp"
#include "bench/timing.hpp"
#include "polytope/projection.hpp"

namespace surf::bench
{
namespace
{

constexpr Eigen::Index row_count = 20'000;
constexpr double slight = 0.05;
constexpr double far = 10;

/// A polytope as a network's ReLU units cut it out, of rows with random directions, and a line that
/// leaves it.
struct Scene
{
    polytope::Polytope polytope;
    Eigen::VectorXd inner;
    Eigen::VectorXd direction;

    /// A point of the line, `distance` behind where it leaves.
    Eigen::VectorXd outside(double distance) const;
};

Scene random_scene(Eigen::Index k)
{
    RandomStream stream(0, "bench/projection", Purpose::target_latent, 0);
    auto const normal = [&](Eigen::Index rows, Eigen::Index columns) -> Eigen::MatrixXd {
        return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return stream.normal(); });
    };
    Eigen::VectorXd const inner = normal(k, 1);
    Eigen::VectorXd const direction = normal(k, 1);
    Eigen::MatrixXd normals = normal(row_count, k);
    normals.rowwise().normalize();
    Eigen::VectorXd const offsets = normals * inner + normal(row_count, 1).cwiseAbs();
    return {polytope::Polytope(normals, offsets), inner, direction.normalized()};
}

Eigen::VectorXd Scene::outside(double distance) const
{
    Eigen::ArrayXd const slacks = polytope.offsets() - polytope.normals() * inner;
    Eigen::ArrayXd const slopes = polytope.normals() * direction;
    double const leaves = (slopes > 0).select(slacks / slopes, slacks.maxCoeff()).minCoeff();
    return inner + (leaves + distance) * direction;
}

/// Projected gradient for half the square of the distance from `goal`, from inside.
void walk(Scene const& scene, Eigen::VectorXd const& goal, std::int64_t steps)
{
    constexpr double learning_rate = 0.1;
    polytope::Projector projector(scene.polytope);
    Eigen::VectorXd point = scene.inner;
    for (std::int64_t step = 0; step < steps; ++step)
    {
        point = projector.project(point + learning_rate * (goal - point)).point;
    }
}

void measure(Session& session, Eigen::Index k)
{
    Scene const scene = random_scene(k);
    auto const time = [&](std::function<void()> const& work) {
        return time_call(work, at::kCPU, session.options.min_time);
    };
    Eigen::VectorXd product(row_count);
    Spread const reading =
        time([&] { product.noalias() = scene.polytope.normals() * scene.inner; });
    auto const add = [&](std::string const& what, Spread const& seconds) {
        std::string const name = fmt::format("projection/k{}/{}", k, what);
        session.report.add({"projection", name + "/time", seconds.times(1e6), "us"});
        session.report.add({"projection", name + "/readings", seconds.times(1 / reading.median),
                            "readings of the rows"});
    };
    for (auto const& [what, distance] : {std::pair("slight", slight), std::pair("far", far)})
    {
        Eigen::VectorXd const target = scene.outside(distance);
        add(what, time([&] { project(scene.polytope, target); }));
    }
    constexpr std::int64_t steps = 100;
    Eigen::VectorXd const goal = scene.outside(1);
    add("walk", time([&] { walk(scene, goal, steps); }).times(1.0 / steps));
}

}  // namespace

Cases projection_cases()
{
    Cases cases;
    for (Eigen::Index const k : {5, 20})
    {
        cases.push_back({fmt::format("projection/k{}", k), Ranks::first,
                         [=](Session& session) { measure(session, k); }});
    }
    return cases;
}

}  // namespace surf::bench
