#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "trial/inputs.hpp"

namespace surf::test
{

/// A problem with an operator: few trials see its images.
inline Problem seen_through(Operator measurement, std::int64_t m, Draw draw = Draw::trial)
{
    return {.seed = 7,
            .model = ModelKind::dcgan,
            .latent_dim = 3,
            .task = Task::recovery,
            .measurements = m,
            .measurement = measurement,
            .draw = draw};
}

/// One problem for each operator and draw, and each block size.
inline std::vector<Problem> all_operators()
{
    return {seen_through(Operator::identity, 784),
            seen_through(Operator::gaussian, 40),
            seen_through(Operator::gaussian, 40, Draw::shared),
            seen_through(Operator::mask, 50),
            seen_through(Operator::mask, 50, Draw::shared),
            seen_through(Operator::mask, 784),
            seen_through(Operator::block_average, 196),
            seen_through(Operator::block_average, 49),
            seen_through(Operator::block_average, 16),
            seen_through(Operator::block_average, 4),
            seen_through(Operator::block_average, 1)};
}

inline std::string describe(Problem const& problem)
{
    return fmt::format("{}, draw {}", problem.stream_domain(), static_cast<int>(problem.draw));
}

/// A as it acts on the images of a pixel each, an image at a time: [trials × m × n].
inline at::Tensor explicit_matrix(trial::Measurement const& measurement, std::int64_t trials,
                                  at::ScalarType type)
{
    at::Tensor const pixels = at::eye(784, type);
    std::vector<at::Tensor> columns;
    for (std::int64_t i = 0; i < pixels.size(0); ++i)
    {
        columns.push_back(measurement.apply(pixels[i].expand({trials, 784})));
    }
    return at::stack(columns, 2);
}

}  // namespace surf::test
