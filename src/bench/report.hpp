#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/timing.hpp"

namespace surf::bench
{

/// One measured quantity.
struct Row
{
    std::string section;
    std::string name;
    Spread value;
    std::string unit;
    std::optional<double> share = {};  ///< of the ceiling, 0 to 1
};

enum class Output
{
    table,   ///< rows are printed as they are added
    silent,  ///< for ranks other than 0
};

/// What was measured so far.
class Report
{
  public:
    explicit Report(Output output);

    void add(Row row);
    /// The median of the row of this name, if there is one.
    std::optional<double> find(std::string_view name) const;
    /// The largest median of all rows whose names begin so.
    std::optional<double> largest(std::string_view prefix) const;

    std::vector<Row> const& rows() const { return rows_; }
    /// {"context": …, "benchmarks": […]}.
    nlohmann::json to_json(nlohmann::json context) const;

  private:
    Output output_;
    std::vector<Row> rows_;
};

}  // namespace surf::bench
