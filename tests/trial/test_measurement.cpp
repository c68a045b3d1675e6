#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "model/random_network.hpp"
#include "trial/operators.hpp"

using namespace surf;
using namespace surf::test;
using namespace surf::trial;

namespace
{

constexpr std::int64_t trials = 3;

double product_sum(at::Tensor const& left, at::Tensor const& right)
{
    return (left.to(at::kDouble) * right.to(at::kDouble)).sum().item<double>();
}

double length_of(at::Tensor const& tensor)
{
    return std::sqrt(product_sum(tensor, tensor));
}

/// What apply() and adjoint() must give for A: [trials × m × n].
void check_against(at::Tensor const& matrix, Measurement const& measurement)
{
    at::Tensor const images = random_tensor({trials, 784}, 1).to(at::kDouble);
    at::Tensor const measured = random_tensor({trials, matrix.size(1)}, 2).to(at::kDouble);
    CHECK(at::allclose(measurement.apply(images), at::einsum("tmn,tn->tm", {matrix, images}), 1e-12,
                       1e-13));
    at::Tensor const several = random_tensor({trials, 5, 784}, 3).to(at::kDouble);
    CHECK(at::allclose(measurement.apply(several), at::einsum("tmn,tin->tim", {matrix, several}),
                       1e-12, 1e-13));
    CHECK(at::allclose(measurement.adjoint(measured), at::einsum("tmn,tm->tn", {matrix, measured}),
                       1e-12, 1e-13));
}

/// The pixels that a mask lets through, row by row: an image that shows each pixel's number.
at::Tensor pixels_of(Measurement const& mask, std::int64_t rows)
{
    return mask.apply(at::arange(784, at::kFloat).expand({rows, 784})).to(at::kLong);
}

Measurement drawn(Problem const& problem, std::int64_t first, std::int64_t count)
{
    return draw_inputs(problem, first, count).measurement;
}

}  // namespace

TEST_CASE("<Av, u> = <v, A'u> for every operator and draw, in both precisions")
{
    for (Problem const& problem : all_operators())
    {
        for (at::ScalarType const type : {at::kFloat, at::kDouble})
        {
            INFO(describe(problem) << ", " << at::toString(type));
            Measurement const measurement = drawn(problem, 0, trials).to(at::kCPU, type);
            at::Tensor const images = random_tensor({trials, 784}, 3).to(type);
            at::Tensor const measured = random_tensor({trials, problem.measurements}, 4).to(type);
            at::Tensor const seen = measurement.apply(images);
            at::Tensor const spread = measurement.adjoint(measured);
            REQUIRE(seen.sizes() == measured.sizes());
            REQUIRE(spread.sizes() == images.sizes());
            CHECK(seen.scalar_type() == type);
            double const scale = length_of(seen) * length_of(measured);
            REQUIRE(scale > 0);
            double const error =
                std::abs(product_sum(seen, measured) - product_sum(images, spread)) / scale;
            CHECK(error < (type == at::kFloat ? 1e-6 : 1e-14));
        }
    }
}

TEST_CASE("A matrix acts as it stands, on each row its own or on all the same")
{
    at::Tensor const own = random_tensor({trials, 11, 784}, 5).to(at::kDouble);
    check_against(own, Measurement::dense(own));
    check_against(own[0].expand_as(own), Measurement::dense(own[0]));
    check_against(at::eye(784, at::kDouble).expand({trials, 784, 784}), Measurement::identity());
}

TEST_CASE("A trial's matrix gives what its operator gives")
{
    for (Problem const& problem : all_operators())
    {
        INFO(describe(problem));
        Measurement const measurement = drawn(problem, 0, trials);
        at::Tensor const images = random_tensor({trials, 784}, 3);
        at::Tensor const measured = measurement.apply(images);
        for (std::int64_t row = 0; row < trials; ++row)
        {
            at::Tensor const matrix = measurement.matrix(row);
            CHECK(matrix.defined() == (problem.measurement != Operator::identity));
            at::Tensor const seen = matrix.defined() ? matrix.matmul(images[row]) : images[row];
            CHECK(at::allclose(seen, measured[row], 1e-5, 1e-6));
        }
    }
}

TEST_CASE("A mask picks its pixels")
{
    at::Tensor const pixels = at::tensor({5, 700, 31, 0, 783, 32, 400, 1, 2}, at::kLong);
    at::Tensor const own = pixels.reshape({trials, 3});
    at::Tensor matrix = at::zeros({trials, 3, 784}, at::kDouble);
    for (std::int64_t t = 0; t < trials; ++t)
    {
        for (std::int64_t i = 0; i < 3; ++i)
        {
            matrix[t][i][own[t][i].item<std::int64_t>()] = 1.0;
        }
    }
    check_against(matrix, Measurement::mask(own));
    check_against(matrix[0].expand_as(matrix), Measurement::mask(own[0]));
}

TEST_CASE("Block averages are the means of square blocks, row by row")
{
    for (std::int64_t const m : {196, 49, 16, 4, 1})
    {
        auto const across = static_cast<std::int64_t>(std::sqrt(m));
        std::int64_t const side = 28 / across;
        at::Tensor matrix = at::zeros({m, 784}, at::kDouble);
        auto entries = matrix.accessor<double, 2>();
        for (std::int64_t row = 0; row < 28; ++row)
        {
            for (std::int64_t column = 0; column < 28; ++column)
            {
                entries[row / side * across + column / side][row * 28 + column] =
                    1.0 / static_cast<double>(side * side);
            }
        }
        INFO("m = " << m);
        check_against(matrix.expand({trials, m, 784}), Measurement::block_average(m));
    }
}

TEST_CASE("Gaussian entries have the moments of N(0, 1/m), and trials are independent")
{
    for (Draw const draw : {Draw::trial, Draw::shared})
    {
        std::int64_t const rows = draw == Draw::trial ? trials : 1;
        Measurement const measurement = drawn(seen_through(Operator::gaussian, 50, draw), 0, rows);
        at::Tensor const matrix = explicit_matrix(measurement, rows, at::kFloat).to(at::kDouble);
        REQUIRE(matrix.sizes() == at::IntArrayRef({rows, 50, 784}));
        at::Tensor const standard = matrix * std::sqrt(50.0);
        double const count = static_cast<double>(standard.numel());
        // Var z = 1, Var z² = 2, Var z⁴ = E z⁸ − 9 = 96.
        CHECK(std::abs(standard.mean().item<double>()) < 5 / std::sqrt(count));
        CHECK(standard.pow(2).mean().item<double>() == Approx(1).margin(5 * std::sqrt(2 / count)));
        CHECK(standard.pow(4).mean().item<double>() == Approx(3).margin(5 * std::sqrt(96 / count)));
        if (draw == Draw::trial)
        {
            // The product of independent z has variance 1.
            double const product = (standard[0] * standard[1]).mean().item<double>();
            CHECK(std::abs(product) < 5 / std::sqrt(50.0 * 784));
        }
    }
}

TEST_CASE("A mask has m distinct pixels: drawn for each trial, or the same for all")
{
    constexpr std::int64_t m = 100;
    for (Draw const draw : {Draw::trial, Draw::shared})
    {
        at::Tensor const pixels =
            pixels_of(drawn(seen_through(Operator::mask, m, draw), 0, 10), 10);
        std::set<std::vector<std::int64_t>> masks;
        for (std::int64_t t = 0; t < 10; ++t)
        {
            at::Tensor const row = pixels[t].contiguous();
            auto const* const values = row.const_data_ptr<std::int64_t>();
            std::set<std::int64_t> const distinct(values, values + m);
            CHECK(std::ssize(distinct) == m);
            CHECK(*distinct.begin() >= 0);
            CHECK(*distinct.rbegin() < 784);
            masks.emplace(values, values + m);
        }
        CHECK(std::ssize(masks) == (draw == Draw::trial ? 10 : 1));
    }
    // A full mask shows every pixel.
    CHECK(at::equal(pixels_of(drawn(seen_through(Operator::mask, 784), 0, 1), 1)[0],
                    at::arange(784, at::kLong)));
}

TEST_CASE("Every pixel is as likely in a mask as any other")
{
    constexpr std::int64_t m = 100;
    constexpr std::int64_t masks = 2000;
    at::Tensor const pixels = pixels_of(drawn(seen_through(Operator::mask, m), 0, masks), masks);
    at::Tensor const counts = at::bincount(pixels.flatten(), {}, 784).to(at::kDouble);
    double const share = static_cast<double>(m) / 784;
    double const deviation = std::sqrt(masks * share * (1 - share));
    CHECK((counts - masks * share).abs().max().item<double>() < 5 * deviation);
}

TEST_CASE("A trial's operator does not depend on the block that it is cut into")
{
    at::Tensor const images = random_tensor({8, 784}, 6);
    for (Problem const& problem : all_operators())
    {
        INFO(describe(problem));
        at::Tensor const whole = drawn(problem, 0, 8).apply(images);
        at::Tensor const part = drawn(problem, 5, 2).apply(images.slice(0, 5, 7));
        CHECK(at::allclose(whole.slice(0, 5, 7), part, 1e-5, 1e-6));
        at::Tensor const rows = at::tensor({6, 2}, at::kLong);
        at::Tensor const selected =
            drawn(problem, 0, 8).select(rows).apply(images.index_select(0, rows));
        CHECK(at::allclose(whole.index_select(0, rows), selected, 1e-5, 1e-6));
    }
}

TEST_CASE("The shared operator is the one that trial 0 has of its own")
{
    for (Operator const measurement : {Operator::gaussian, Operator::mask})
    {
        at::Tensor const image = random_tensor({1, 784}, 7);
        at::Tensor const own = drawn(seen_through(measurement, 30), 0, 1).apply(image);
        at::Tensor const shared =
            drawn(seen_through(measurement, 30, Draw::shared), 4, 1).apply(image);
        CHECK(at::allclose(own, shared, 1e-5, 1e-6));
        CHECK_FALSE(at::allclose(drawn(seen_through(measurement, 30), 4, 1).apply(image), shared,
                                 1e-2, 1e-2));
    }
}
