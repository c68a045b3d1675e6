#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "hdf5/group.hpp"
#include "store/outcome_columns.hpp"

/// For the sources of this folder only.
namespace surf::reduce
{

/// What readers need to know of a column beside its name.
struct ColumnSpec
{
    std::string_view long_name;
    std::string_view units = "1";
    std::optional<double> fill = {};  ///< what says that a row has no value
};

/// Columns of a table: arrays over its one dimension.
class TableColumns
{
  public:
    /// Group and dimension must outlive it.
    TableColumns(h5::Group& group, h5::Dataset const& rows) : group_(group), rows_(rows) {}

    template <h5::Element T>
    h5::Dataset add(std::string const& name, ColumnSpec const& column, std::vector<T> const& values)
    {
        h5::DatasetSpec spec{.type = h5::type_of<T>, .shape = rows_.shape(), .fill = column.fill};
        bool const compresses =
            !std::is_same_v<T, std::string>;  // HDF5 does not: texts lie elsewhere
        if (compresses && rows_.shape().front() >= store::chunk_rows)
        {
            spec.chunk = {store::chunk_rows};
        }
        h5::Dataset dataset = group_.create_dataset(name, spec);
        store::describe(dataset, column.units, column.long_name);
        dataset.attach_scale(0, rows_);
        dataset.template write<T>(values);
        return dataset;
    }

  private:
    h5::Group& group_;
    h5::Dataset const& rows_;
};

}  // namespace surf::reduce
