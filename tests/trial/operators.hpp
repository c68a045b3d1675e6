#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/name_table.hpp"
#include "model/random_network.hpp"
#include "trial/inputs.hpp"

namespace surf::test
{

/// A cell with an operator on such images, whose network nobody looks at.
inline CellSpec seen_through(Operator measured_by, std::int64_t m, Draw draw = Draw::trial,
                             Shape const& image = mnist_image)
{
    CellSpec cell;
    cell.generator = plain_generator(3, image);
    cell.problem = {.seed = 7,
                    .task = Task::recovery,
                    .measured_by = measured_by,
                    .measurements = m,
                    .draw = draw};
    return cell;
}

/// One cell for each operator and draw, and each block size that an image can be cut into.
inline std::vector<CellSpec> all_operators(Shape const& image = mnist_image)
{
    std::vector<CellSpec> cells = {seen_through(Operator::identity, 0, Draw::trial, image),
                                   seen_through(Operator::gaussian, 40, Draw::trial, image),
                                   seen_through(Operator::gaussian, 40, Draw::shared, image),
                                   seen_through(Operator::mask, 50, Draw::trial, image),
                                   seen_through(Operator::mask, 50, Draw::shared, image),
                                   seen_through(Operator::mask, image.size(), Draw::trial, image)};
    for (std::int64_t m = image.size(); m > 0; --m)
    {
        if (block_side(image, m) > 0)
        {
            cells.push_back(seen_through(Operator::block_average, m, Draw::trial, image));
        }
    }
    return cells;
}

inline std::string describe(CellSpec const& cell)
{
    return fmt::format("{}, m = {}, draw {}, images of {}",
                       name_of(operator_table, cell.problem.measured_by), cell.measurements(),
                       name_of(draw_table, cell.problem.draw), cell.generator.image.text());
}

/// A as it acts on the images of a pixel each, an image at a time: [trials × m × n].
inline at::Tensor explicit_matrix(trial::MeasurementOperator const& measured_by,
                                  std::int64_t trials, std::int64_t numbers, at::ScalarType type)
{
    at::Tensor const pixels = at::eye(numbers, type);
    std::vector<at::Tensor> columns;
    for (std::int64_t i = 0; i < numbers; ++i)
    {
        columns.push_back(measured_by.apply(pixels[i].expand({trials, numbers})));
    }
    return at::stack(columns, 2);
}

}  // namespace surf::test
