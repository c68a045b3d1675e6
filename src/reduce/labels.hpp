#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "reduce/results.hpp"
#include "reduce/table_columns.hpp"

/// For the sources of this folder only.
namespace surf::reduce
{

/// What a cell is called by: one of a list of names, each with a number.
///
/// Columns of names are for people, and beside them columns …_code for programs that read no
/// strings; long tables have the codes alone. No column of numbers has the name of one of names,
/// so that to compare it with a name is an error, and never silently false.
struct Label
{
    std::string name;
    std::string long_name;
    std::vector<std::pair<std::int32_t, std::string>> choices;
    std::function<std::int32_t(CellResult const&)> code_of;

    std::string const& name_of(CellResult const& cell) const;
    /// Adds the column NAME_code.
    void add_codes(TableColumns& table, std::vector<std::int32_t> const& codes) const;
};

/// Experiment, task, model, operator and method.
std::vector<Label> labels_of(ResultsInput const& input);

}  // namespace surf::reduce
