#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <iterator>
#include <set>

#include "model/random_network.hpp"
#include "trial/operators.hpp"

using namespace surf;
using namespace surf::test;
using namespace surf::trial;

namespace
{

constexpr std::int64_t trials = 3;
constexpr Shape colour{3, 12, 8};  ///< n = 288

/// Every operator on grey images and on images of several channels and unequal sides.
std::vector<CellSpec> operators_on_both()
{
    std::vector<CellSpec> cells = all_operators();
    std::ranges::copy(all_operators(colour), std::back_inserter(cells));
    return cells;
}

double product_sum(at::Tensor const& left, at::Tensor const& right)
{
    return (left.to(at::kDouble) * right.to(at::kDouble)).sum().item<double>();
}

double length_of(at::Tensor const& tensor)
{
    return std::sqrt(product_sum(tensor, tensor));
}

/// What apply(), adjoint() and misfit() must give for A: [trials × m × n].
void check_against(at::Tensor const& matrix, MeasurementOperator const& measured_by)
{
    std::int64_t const numbers = matrix.size(2);
    at::Tensor const images = random_tensor({trials, numbers}, 1).to(at::kDouble);
    at::Tensor const measured = random_tensor({trials, matrix.size(1)}, 2).to(at::kDouble);
    CHECK(at::allclose(measured_by.apply(images), at::einsum("tmn,tn->tm", {matrix, images}), 1e-12,
                       1e-13));
    at::Tensor const several = random_tensor({trials, 5, numbers}, 3).to(at::kDouble);
    CHECK(at::allclose(measured_by.apply(several), at::einsum("tmn,tin->tim", {matrix, several}),
                       1e-12, 1e-13));
    CHECK(at::allclose(measured_by.adjoint(measured), at::einsum("tmn,tm->tn", {matrix, measured}),
                       1e-12, 1e-13));
    auto const [residual, pulled] = measured_by.misfit(images, measured);
    CHECK(at::allclose(residual, measured_by.apply(images) - measured, 1e-12, 1e-13));
    CHECK(at::allclose(pulled, measured_by.adjoint(residual), 1e-12, 1e-12));
}

/// The pixels that a mask lets through, row by row: an image that shows each pixel's number.
at::Tensor pixels_of(MeasurementOperator const& mask, std::int64_t rows)
{
    return mask.apply(at::arange(784, at::kFloat).expand({rows, 784})).to(at::kLong);
}

MeasurementOperator drawn(CellSpec const& cell, std::int64_t first, std::int64_t count)
{
    return draw_operator(cell, first, count);
}

}  // namespace

TEST_CASE("<Av, u> = <v, A'u> for every operator and draw, in both precisions")
{
    for (CellSpec const& cell : operators_on_both())
    {
        for (at::ScalarType const type : {at::kFloat, at::kDouble})
        {
            INFO(describe(cell) << ", " << at::toString(type));
            MeasurementOperator const measured_by = drawn(cell, 0, trials).to(at::kCPU, type);
            at::Tensor const images = random_tensor({trials, cell.generator.pixels()}, 3).to(type);
            at::Tensor const measured = random_tensor({trials, cell.measurements()}, 4).to(type);
            at::Tensor const seen = measured_by.apply(images);
            at::Tensor const spread = measured_by.adjoint(measured);
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
    check_against(own, MeasurementOperator::dense(own));
    check_against(own[0].expand_as(own), MeasurementOperator::dense(own[0]));
    check_against(at::eye(784, at::kDouble).expand({trials, 784, 784}),
                  MeasurementOperator::identity());
    at::Tensor const large = random_tensor({trials, 700, 784}, 6).to(at::kDouble);  // 4 MB each
    check_against(large, MeasurementOperator::dense(large));
}

TEST_CASE("A trial's matrix gives what its operator gives")
{
    for (CellSpec const& cell : operators_on_both())
    {
        INFO(describe(cell));
        MeasurementOperator const measured_by = drawn(cell, 0, trials);
        at::Tensor const images = random_tensor({trials, cell.generator.pixels()}, 3);
        at::Tensor const measured = measured_by.apply(images);
        for (std::int64_t row = 0; row < trials; ++row)
        {
            at::Tensor const matrix = measured_by.matrix(row);
            CHECK(matrix.defined() == (cell.problem.measured_by != Operator::identity));
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
    check_against(matrix, MeasurementOperator::mask(own, 784));
    check_against(matrix[0].expand_as(matrix), MeasurementOperator::mask(own[0], 784));
}

TEST_CASE("A mask of a colour image picks numbers of any channel")
{
    // Red at (0, 0), green at (11, 7), blue at (3, 5).
    std::int64_t const channel = colour.height * colour.width;
    at::Tensor const chosen =
        at::tensor({std::int64_t{0}, 2 * channel - 1, 2 * channel + 3 * 8 + 5}, at::kLong);
    at::Tensor matrix = at::zeros({3, colour.size()}, at::kDouble);
    for (std::int64_t i = 0; i < 3; ++i)
    {
        matrix[i][chosen[i].item<std::int64_t>()] = 1.0;
    }
    check_against(matrix.expand({trials, 3, colour.size()}),
                  MeasurementOperator::mask(chosen, colour.size()));
    at::Tensor const image = random_tensor({1, colour.channels, colour.height, colour.width}, 8);
    at::Tensor const seen =
        MeasurementOperator::mask(chosen, colour.size()).apply(image.reshape({1, -1}));
    CHECK(
        at::equal(seen[0], at::stack({image[0][0][0][0], image[0][1][11][7], image[0][2][3][5]})));
}

TEST_CASE("Block averages are the means of square blocks of each channel, row by row")
{
    for (Shape const& image : {mnist_image, colour, Shape{2, 9, 3}})
    {
        for (std::int64_t side = 1; side <= image.width; ++side)
        {
            if (image.height % side != 0 || image.width % side != 0)
            {
                continue;
            }
            std::int64_t const down = image.height / side;
            std::int64_t const across = image.width / side;
            std::int64_t const m = image.channels * down * across;
            at::Tensor matrix = at::zeros({m, image.size()}, at::kDouble);
            auto entries = matrix.accessor<double, 2>();
            for (std::int64_t channel = 0; channel < image.channels; ++channel)
            {
                for (std::int64_t row = 0; row < image.height; ++row)
                {
                    for (std::int64_t column = 0; column < image.width; ++column)
                    {
                        entries[(channel * down + row / side) * across + column / side]
                               [(channel * image.height + row) * image.width + column] =
                                   1.0 / static_cast<double>(side * side);
                    }
                }
            }
            INFO(image.text() << ", blocks of " << side);
            check_against(matrix.expand({trials, m, image.size()}),
                          MeasurementOperator::block_average(image, side));
        }
    }
}

TEST_CASE("Gaussian entries have the moments of N(0, 1/m), and trials are independent")
{
    for (Draw const draw : {Draw::trial, Draw::shared})
    {
        std::int64_t const rows = draw == Draw::trial ? trials : 1;
        MeasurementOperator const measured_by =
            drawn(seen_through(Operator::gaussian, 50, draw), 0, rows);
        at::Tensor const matrix =
            explicit_matrix(measured_by, rows, 784, at::kFloat).to(at::kDouble);
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
    for (CellSpec const& cell : operators_on_both())
    {
        INFO(describe(cell));
        at::Tensor const images = random_tensor({8, cell.generator.pixels()}, 6);
        at::Tensor const whole = drawn(cell, 0, 8).apply(images);
        at::Tensor const part = drawn(cell, 5, 2).apply(images.slice(0, 5, 7));
        CHECK(at::allclose(whole.slice(0, 5, 7), part, 1e-5, 1e-6));
        at::Tensor const rows = at::tensor({6, 2}, at::kLong);
        at::Tensor const selected =
            drawn(cell, 0, 8).select(rows).apply(images.index_select(0, rows));
        CHECK(at::allclose(whole.index_select(0, rows), selected, 1e-5, 1e-6));
    }
}

TEST_CASE("The shared operator is the one that trial 0 has of its own")
{
    for (Operator const kind : {Operator::gaussian, Operator::mask})
    {
        at::Tensor const image = random_tensor({1, 784}, 7);
        at::Tensor const own = drawn(seen_through(kind, 30), 0, 1).apply(image);
        at::Tensor const shared = drawn(seen_through(kind, 30, Draw::shared), 4, 1).apply(image);
        CHECK(at::allclose(own, shared, 1e-5, 1e-6));
        CHECK_FALSE(
            at::allclose(drawn(seen_through(kind, 30), 4, 1).apply(image), shared, 1e-2, 1e-2));
    }
}
