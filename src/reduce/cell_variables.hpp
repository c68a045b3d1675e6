#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "base/contract.hpp"
#include "base/name_table.hpp"
#include "hdf5/group.hpp"
#include "reduce/results.hpp"
#include "store/outcome_columns.hpp"

/// For the sources of this folder only.
namespace surf::reduce
{

/// What a variable holds where a cell has no value, or where there is no cell.
template <class T>
inline constexpr T missing = std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : -1;

/// Whether cells of several trainings lie apart, along a dimension of their own.
enum class Trainings
{
    apart,
    together,
};

/// Writes arrays over the dimensions of the cells and at most one more. A cell has a member
/// `result`, which says where it is.
template <class Cell>
class CellVariables
{
  public:
    /// Writes the coordinates of the cells' dimensions: all experiments in their order, of the
    /// others those that occur, ascending. The cells must outlive this.
    CellVariables(h5::Group group, std::vector<Cell> const& cells,
                  std::vector<ExperimentSettings> const& experiments, Trainings trainings)
        : group_(std::move(group))
    {
        for (Cell const& cell : cells)
        {
            cells_.push_back({&cell, 0});
        }
        add_experiments(experiments);
        auto const itself = [](auto const& value) { return value; };
        auto const name_in = [](auto const& table) {
            return [&table](auto kind) { return std::string(name_of(table, kind)); };
        };
        add_distinct("task", "what is recovered from what", &CellPlace::task, name_in(task_table));
        add_distinct("model", "generative model", &CellPlace::model, itself);
        add_distinct("latent_dim", "dimension k of the latent", &CellPlace::latent_dim, itself);
        if (trainings == Trainings::apart)
        {
            add_distinct("training", "seed of the training, or number of the chain",
                         &CellPlace::training, itself);
        }
        add_distinct("measurements", "number m of measurements", &CellPlace::measurements, itself);
        add_distinct("method", "how the latent is searched for", &CellPlace::method,
                     name_in(method_table));
    }

    /// Over one dimension instead, `cell`, in which each cell has its place.
    CellVariables(h5::Group group, h5::Dataset dimension, std::vector<Cell> const& cells)
        : group_(std::move(group)), shape_(dimension.shape())
    {
        dimensions_.push_back(std::move(dimension));
        for (Cell const& cell : cells)
        {
            cells_.push_back({&cell, cells_.size()});
        }
    }

    /// One more dimension with a coordinate.
    template <h5::Element T>
    h5::Dataset add_coordinate(std::string const& name, std::string const& long_name,
                               std::vector<T> const& values)
    {
        h5::Dataset coordinate = group_.create_coordinate<T>(name, values);
        store::describe(coordinate, "1", long_name);
        return coordinate;
    }

    /// A variable over such a dimension alone.
    void add_along(h5::Dataset const& dimension, std::string const& name,
                   std::string const& long_name, std::vector<double> const& values)
    {
        h5::Dataset dataset = group_.create_dataset(name, {.shape = dimension.shape()});
        store::describe(dataset, "1", long_name);
        dataset.attach_scale(0, dimension);
        dataset.template write<double>(values);
    }

    /// A variable with one value a cell.
    template <h5::Element T, class Value>
    h5::Dataset add(std::string const& name, std::string const& long_name, Value value_of)
    {
        return add_over<T>(name, long_name, nullptr, [&](Cell const& cell) {
            return std::vector<T>{static_cast<T>(value_of(cell))};
        });
    }

    /// What a cell has along one more dimension; empty: missing.
    template <h5::Element T>
    using RowOf = std::function<std::vector<T>(Cell const&)>;

    /// A variable with a row of values a cell, along `more`; without it, with one value a cell.
    template <h5::Element T>
    h5::Dataset add_over(std::string const& name, std::string const& long_name,
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
        for (auto const& [cell, position] : cells_)
        {
            std::vector<T> const row = row_of(*cell);
            EXPECT(row.empty() || row.size() == width);
            std::copy(row.begin(), row.end(),
                      values.begin() + static_cast<std::ptrdiff_t>(position * width));
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
        dataset.template write<T>(values);
        return dataset;
    }

  private:
    /// A cell and its place in arrays over the cells' dimensions.
    struct Placed
    {
        Cell const* cell;
        std::size_t position;
    };

    void add_experiments(std::vector<ExperimentSettings> const& experiments)
    {
        std::vector<std::string> names;
        std::ranges::transform(experiments, std::back_inserter(names), &ExperimentSettings::name);
        add_dimension("experiment", "experiment of the job", names, &CellPlace::experiment,
                      [](std::string const& name) { return name; });
    }

    /// The next dimension, with the values that occur, ascending.
    template <class Coordinate, class Label>
    void add_distinct(std::string const& name, std::string const& long_name,
                      Coordinate CellPlace::*coordinate, Label label_of)
    {
        std::set<Coordinate> values;
        for (Placed const& placed : cells_)
        {
            values.insert(place_of(placed.cell->result).*coordinate);
        }
        add_dimension(name, long_name, values, coordinate, label_of);
    }

    /// The next dimension, with `values` as its coordinate shown as label_of says.
    template <class Values, class Coordinate, class Label>
    void add_dimension(std::string const& name, std::string const& long_name, Values const& values,
                       Coordinate CellPlace::*coordinate, Label label_of)
    {
        std::vector<decltype(label_of(*values.begin()))> labels;
        std::transform(values.begin(), values.end(), std::back_inserter(labels), label_of);
        dimensions_.push_back(add_coordinate(name, long_name, labels));
        shape_.push_back(std::ssize(labels));
        for (Placed& placed : cells_)
        {
            auto const place =
                std::find(values.begin(), values.end(), place_of(placed.cell->result).*coordinate);
            EXPECT(place != values.end());
            placed.position = placed.position * labels.size() +
                              static_cast<std::size_t>(std::distance(values.begin(), place));
        }
    }

    h5::Group group_;
    std::vector<h5::Dataset> dimensions_;
    h5::Shape shape_;
    std::vector<Placed> cells_;
};

}  // namespace surf::reduce
