#include "bench/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace surf::bench
{
namespace
{

/// Four significant digits, without an exponent where people would not write one.
std::string number(double value)
{
    double const size = std::abs(value);
    if (size >= 1000 && size < 1e9)
    {
        return fmt::format("{:.0f}", value);
    }
    return fmt::format("{:.4g}", value);
}

void print_line(std::string_view section, std::string_view name, std::string_view value,
                std::string_view spread, std::string_view unit, std::string_view share)
{
    fmt::print("{:<10} {:<44} {:>10} {:<22} {:<20} {:>6}\n", section, name, value, spread, unit,
               share);
    std::fflush(stdout);
}

nlohmann::json json_of(Row const& row)
{
    nlohmann::json json = {{"name", row.name},
                           {"section", row.section},
                           {"value", row.value.median},
                           {"unit", row.unit},
                           {"min", row.value.min},
                           {"max", row.value.max},
                           {"repetitions", row.value.repetitions}};
    json["share_of_ceiling"] = row.share ? nlohmann::json(*row.share) : nlohmann::json();
    return json;
}

}  // namespace

Report::Report(Output output) : output_(output)
{
    if (output_ == Output::table)
    {
        print_line("section", "case", "value", "[min … max]", "unit", "share");
    }
}

void Report::add(Row row)
{
    if (output_ == Output::table)
    {
        std::string const spread =
            row.value.repetitions > 1
                ? fmt::format("[{} … {}]", number(row.value.min), number(row.value.max))
                : "";
        print_line(row.section, row.name, number(row.value.median), spread, row.unit,
                   row.share ? fmt::format("{:.1f} %", 100 * *row.share) : "-");
    }
    rows_.push_back(std::move(row));
}

std::optional<double> Report::find(std::string_view name) const
{
    for (Row const& row : rows_)
    {
        if (row.name == name)
        {
            return row.value.median;
        }
    }
    return std::nullopt;
}

std::optional<double> Report::largest(std::string_view prefix) const
{
    std::optional<double> largest;
    for (Row const& row : rows_)
    {
        if (row.name.starts_with(prefix) && (!largest || row.value.median > *largest))
        {
            largest = row.value.median;
        }
    }
    return largest;
}

nlohmann::json Report::to_json(nlohmann::json context) const
{
    nlohmann::json benchmarks = nlohmann::json::array();
    for (Row const& row : rows_)
    {
        benchmarks.push_back(json_of(row));
    }
    return {{"context", std::move(context)}, {"benchmarks", std::move(benchmarks)}};
}

}  // namespace surf::bench
