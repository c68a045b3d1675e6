#include "reduce/cell_variables.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/contract.hpp"
#include "base/name_table.hpp"

namespace surf::reduce
{

namespace
{

/// The distinct coordinates of the cells along one dimension, ascending.
template <class Coordinate>
auto distinct(std::vector<SummarisedCell> const& cells, Coordinate coordinate_of)
{
    std::set<decltype(coordinate_of(cells.front().result))> values;
    for (SummarisedCell const& cell : cells)
    {
        values.insert(coordinate_of(cell.result));
    }
    return values;
}

}  // namespace

template <class Values, class Coordinate, class Label>
void CellVariables::add_dimension(std::string const& name, std::string const& long_name,
                                  Values const& values, Coordinate coordinate_of, Label label_of)
{
    std::vector<decltype(label_of(*values.begin()))> labels;
    std::transform(values.begin(), values.end(), std::back_inserter(labels), label_of);
    dimensions_.push_back(add_coordinate(name, long_name, labels));
    shape_.push_back(std::ssize(labels));
    for (PlacedCell& cell : cells_)
    {
        auto const place = std::find(values.begin(), values.end(), coordinate_of(*cell.result));
        EXPECT(place != values.end());
        cell.position = cell.position * labels.size() +
                        static_cast<std::size_t>(std::distance(values.begin(), place));
    }
}

CellVariables::CellVariables(h5::Group group, std::vector<SummarisedCell> const& cells,
                             std::vector<ExperimentSettings> const& experiments)
    : group_(std::move(group))
{
    for (SummarisedCell const& cell : cells)
    {
        cells_.push_back({&cell.result, cell.summary, 0});
    }

    std::vector<std::string> names;
    std::transform(experiments.begin(), experiments.end(), std::back_inserter(names),
                   [](ExperimentSettings const& experiment) { return experiment.name; });
    auto const itself = [](auto const& value) { return value; };
    auto const name_in = [](auto const& table) {
        return [&table](auto kind) { return std::string(name_of(table, kind)); };
    };
    auto const add = [&](std::string const& name, std::string const& long_name, auto coordinate_of,
                         auto label_of) {
        add_dimension(name, long_name, distinct(cells, coordinate_of), coordinate_of, label_of);
    };
    using Cell = CellResult;
    add_dimension(
        "experiment", "experiment of the job", names,
        [](Cell const& cell) { return cell.experiment; }, itself);
    add(
        "task", "what is recovered from what",
        [](Cell const& cell) { return cell.spec.problem.task; }, name_in(task_table));
    add(
        "model", "generative model", [](Cell const& cell) { return cell.spec.generator.label; },
        itself);
    add(
        "latent_dim", "dimension k of the latent",
        [](Cell const& cell) { return cell.spec.generator.latent_dim; }, itself);
    add(
        "measurements", "number m of measurements",
        [](Cell const& cell) { return cell.spec.measurements(); }, itself);
    add(
        "method", "how the latent is searched for",
        [](Cell const& cell) { return cell.spec.method; }, name_in(method_table));
}

template <h5::Element T>
h5::Dataset CellVariables::add_over(std::string const& name, std::string const& long_name,
                                    h5::Dataset const* more, RowOf<T> const& row_of)
{
    h5::DatasetSpec spec{
        .type = h5::type_of<T>, .shape = shape_, .fill = static_cast<double>(missing<T>)};
    if (more != nullptr)
    {
        spec.shape.push_back(more->shape().front());
        spec.chunk = spec.shape;  // compressed: where tasks differ in m, most of it is missing
        spec.chunk.front() = 1;
    }
    auto const width = more == nullptr ? 1 : static_cast<std::size_t>(spec.shape.back());
    std::vector<T> values(static_cast<std::size_t>(h5::element_count(spec.shape)), missing<T>);
    for (PlacedCell const& cell : cells_)
    {
        std::vector<T> const row = row_of(cell);
        EXPECT(row.empty() || row.size() == width);
        std::copy(row.begin(), row.end(),
                  values.begin() + static_cast<std::ptrdiff_t>(cell.position * width));
    }
    h5::Dataset dataset = group_.create_dataset(name, spec);
    store::describe(dataset, "1", long_name);
    for (std::size_t i = 0; i < dimensions_.size(); ++i)
    {
        dataset.attach_scale(i, dimensions_[i]);
    }
    if (more != nullptr)
    {
        dataset.attach_scale(dimensions_.size(), *more);
    }
    dataset.write<T>(values);
    return dataset;
}

#define SURF_REDUCE_ADD_OVER(T)                                                             \
    template h5::Dataset CellVariables::add_over<T>(std::string const&, std::string const&, \
                                                    h5::Dataset const*, RowOf<T> const&);
SURF_REDUCE_ADD_OVER(std::int8_t)
SURF_REDUCE_ADD_OVER(std::int64_t)
SURF_REDUCE_ADD_OVER(double)

}  // namespace surf::reduce
