#pragma once

#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "hdf5/group.hpp"
#include "reduce/cell_summary.hpp"
#include "reduce/results.hpp"
#include "store/outcome_columns.hpp"

/// For the sources of this folder only.
namespace surf::reduce
{

/// What a variable holds where a cell has no value, or where there is no cell.
template <class T>
inline constexpr T missing = std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : -1;

/// A cell and its place in arrays over the cells' dimensions.
struct PlacedCell
{
    CellResult const* result;
    CellSummary const& summary;
    std::size_t position;

    Problem const& problem() const { return result->spec.problem; }
    bool has_latent() const { return surf::has_latent(problem().task); }
};

/// Writes arrays over the dimensions of the cells and at most one more.
class CellVariables
{
  public:
    /// Writes the coordinates of the cells' dimensions: all experiments in their order, of the
    /// others those that occur, ascending.
    CellVariables(h5::Group group, std::vector<SummarisedCell> const& cells,
                  std::vector<ExperimentSettings> const& experiments);

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
        dataset.write<double>(values);
    }

    /// A variable with one value a cell.
    template <h5::Element T, class Value>
    h5::Dataset add(std::string const& name, std::string const& long_name, Value value_of)
    {
        return add_over<T>(name, long_name, nullptr, [&](PlacedCell const& cell) {
            return std::vector<T>{static_cast<T>(value_of(cell))};
        });
    }

    /// What a cell has along one more dimension; empty: missing.
    template <h5::Element T>
    using RowOf = std::function<std::vector<T>(PlacedCell const&)>;

    /// A variable with a row of values a cell, along `more`; without it, with one value a cell.
    template <h5::Element T>
    h5::Dataset add_over(std::string const& name, std::string const& long_name,
                         h5::Dataset const* more, RowOf<T> const& row_of);

  private:
    /// The next dimension, with `values` as its coordinate shown as label_of says.
    template <class Values, class Coordinate, class Label>
    void add_dimension(std::string const& name, std::string const& long_name, Values const& values,
                       Coordinate coordinate_of, Label label_of);

    h5::Group group_;
    std::vector<h5::Dataset> dimensions_;
    h5::Shape shape_;
    std::vector<PlacedCell> cells_;
};

}  // namespace surf::reduce
