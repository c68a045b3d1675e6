#include <Eigen/LU>
#include <catch2/catch.hpp>
#include <random>

#include "polytope/projection.hpp"
#include "trial/eigen.hpp"
#include "trial/piece_descent.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

constexpr std::int64_t outputs = 7;
constexpr std::int64_t measurements = 4;

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index columns, std::mt19937& engine)
{
    std::normal_distribution<double> normal;
    return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return normal(engine); });
}

/// A random piece around the origin, an operator or none, and a target.
struct Setting
{
    Setting(std::uint32_t seed, std::int64_t k, bool measured)
        : engine(seed),
          piece{polytope::Polytope(random_matrix(3 * k, k, engine),
                                   random_matrix(3 * k, 1, engine).cwiseAbs()),
                random_matrix(outputs, k, engine), random_matrix(outputs, 1, engine)},
          matrix(measured ? random_matrix(measurements, outputs, engine)
                          : Eigen::MatrixXd::Identity(outputs, outputs)),
          target({measured ? tensor(matrix) : at::Tensor(),
                  to_tensor(random_matrix(matrix.rows(), 1, engine))})
    {}

    static at::Tensor tensor(Eigen::MatrixXd const& values)
    {
        return to_tensor(values.reshaped()).view({values.cols(), values.rows()}).t();
    }

    /// f by definition.
    double value(Eigen::VectorXd const& latent, Activation activation) const
    {
        Eigen::VectorXd image = piece.jacobian * latent + piece.constant;
        if (activation == Activation::sigmoid)
        {
            image = (1 + (-image).array().exp()).inverse();
        }
        return (matrix * image - target.target).squaredNorm() / 2;
    }

    std::mt19937 engine;
    LinearPiece piece;
    Eigen::MatrixXd matrix;
    PieceTarget target;
};

constexpr ProjectedSettings exact = {.step_tolerance = 1e-12, .max_steps = 100'000};

/// The minimiser of ½‖Mx − r‖² on a polytope: the best feasible one of all that hold a subset of
/// its rows with equality.
double smallest_value(Setting const& setting)
{
    Eigen::MatrixXd const& normals = setting.piece.region.normals();
    Eigen::VectorXd const& offsets = setting.piece.region.offsets();
    Eigen::Index const k = normals.cols();
    Eigen::MatrixXd const tangents = setting.matrix * setting.piece.jacobian;
    Eigen::VectorXd const wanted = setting.target.target - setting.matrix * setting.piece.constant;
    double smallest = std::numeric_limits<double>::infinity();
    for (std::uint32_t bits = 0; bits < (1U << normals.rows()); ++bits)
    {
        std::vector<Eigen::Index> held;
        for (Eigen::Index row = 0; row < normals.rows(); ++row)
        {
            if ((bits >> row & 1U) != 0)
            {
                held.push_back(row);
            }
        }
        auto const count = std::ssize(held);
        if (count > k)
        {
            continue;
        }
        // The conditions of Lagrange.
        Eigen::MatrixXd system = Eigen::MatrixXd::Zero(k + count, k + count);
        Eigen::VectorXd right(k + count);
        system.topLeftCorner(k, k) = tangents.transpose() * tangents;
        system.bottomLeftCorner(count, k) = normals(held, Eigen::all);
        system.topRightCorner(k, count) = normals(held, Eigen::all).transpose();
        right.head(k) = tangents.transpose() * wanted;
        right.tail(count) = offsets(held);
        Eigen::VectorXd const latent = system.fullPivLu().solve(right).head(k);
        if ((normals * latent - offsets).maxCoeff() < 1e-9)
        {
            smallest = std::min(smallest, setting.value(latent, Activation::none));
        }
    }
    return smallest;
}

}  // namespace

TEST_CASE("f on a piece and its gradient are what they are by definition")
{
    for (Activation const activation : {Activation::none, Activation::sigmoid})
    {
        for (bool const measured : {false, true})
        {
            Setting setting(3, 3, measured);
            auto const objective = piece_objective(setting.piece, setting.target, activation);
            Eigen::VectorXd const latent = random_matrix(3, 1, setting.engine);
            auto const [value, gradient] = objective->evaluate(latent);
            CHECK(value == Approx(setting.value(latent, activation)).epsilon(1e-12));
            constexpr double step = 1e-5;
            for (Eigen::Index i = 0; i < 3; ++i)
            {
                Eigen::VectorXd const shift = step * Eigen::VectorXd::Unit(3, i);
                double const slope = (setting.value(latent + shift, activation) -
                                      setting.value(latent - shift, activation)) /
                                     (2 * step);
                CHECK(gradient[i] == Approx(slope).epsilon(1e-6));
            }
        }
    }
}

TEST_CASE("The curvature of a linear output is the Lipschitz constant of the gradient")
{
    Setting setting(4, 3, true);
    auto const objective = piece_objective(setting.piece, setting.target, Activation::none);
    double const curvature = objective->curvature(Eigen::VectorXd::Zero(3));
    double largest = 0;
    for (int i = 0; i < 2000; ++i)
    {
        Eigen::VectorXd const here = random_matrix(3, 1, setting.engine);
        Eigen::VectorXd const step = random_matrix(3, 1, setting.engine);
        Eigen::VectorXd const change =
            objective->evaluate(here + step).gradient - objective->evaluate(here).gradient;
        largest = std::max(largest, change.norm() / step.norm());
    }
    CHECK(largest <= curvature * (1 + 1e-9));
    CHECK(largest > 0.98 * curvature);
}

TEST_CASE("Projected gradient finds the minimiser on a piece, against all sets of active rows")
{
    int held = 0;
    for (std::uint32_t seed = 0; seed < 30; ++seed)
    {
        std::int64_t const k = 1 + seed % 3;
        Setting setting(seed, k, seed % 2 == 0);
        auto const objective = piece_objective(setting.piece, setting.target, Activation::none);
        Eigen::VectorXd const start = 3 * random_matrix(k, 1, setting.engine);
        auto const descent = descend_piece(setting.piece.region, *objective, start, exact);
        INFO("seed " << seed);
        CHECK(descent.converged);
        CHECK(descent.value == Approx(smallest_value(setting)).epsilon(1e-7));
        Eigen::VectorXd const slack =
            setting.piece.region.offsets() - setting.piece.region.normals() * descent.latent;
        CHECK(slack.minCoeff() > -1e-9);
        held += slack.minCoeff() < 1e-6 ? 1 : 0;
    }
    CHECK(held > 10);  // or the polytopes played no part
}

TEST_CASE("With a sigmoid projected gradient ends where no feasible point near by is lower")
{
    for (std::uint32_t seed = 0; seed < 10; ++seed)
    {
        Setting setting(seed, 3, seed % 2 == 0);
        auto const objective = piece_objective(setting.piece, setting.target, Activation::sigmoid);
        Eigen::VectorXd const start = random_matrix(3, 1, setting.engine);
        auto const descent = descend_piece(setting.piece.region, *objective, start, exact);
        INFO("seed " << seed);
        CHECK(descent.converged);
        CHECK(descent.value == Approx(setting.value(descent.latent, Activation::sigmoid)));
        for (int i = 0; i < 300; ++i)
        {
            Eigen::VectorXd const near =
                descent.latent + 0.01 * random_matrix(3, 1, setting.engine);
            Eigen::VectorXd const feasible = project(setting.piece.region, near).point;
            CHECK(setting.value(feasible, Activation::sigmoid) > descent.value - 1e-9);
        }
    }
}

TEST_CASE("A cap ends the descent on a piece, and an empty one gives nothing")
{
    Setting setting(1, 3, false);
    auto const objective = piece_objective(setting.piece, setting.target, Activation::none);
    Eigen::VectorXd const start = Eigen::VectorXd::Constant(3, 0.1);
    auto const capped = descend_piece(setting.piece.region, *objective, start,
                                      {.step_tolerance = 1e-12, .max_steps = 2});
    CHECK(capped.steps == 2);
    CHECK_FALSE(capped.converged);
    polytope::Polytope const empty((Eigen::MatrixXd(2, 3) << 1, 0, 0, -1, 0, 0).finished(),
                                   Eigen::Vector2d(-1, -1));
    auto const nothing = descend_piece(empty, *objective, start, exact);
    CHECK(std::isinf(nothing.value));
    CHECK(nothing.steps == 0);
}
