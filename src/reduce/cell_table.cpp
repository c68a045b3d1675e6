#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "reduce/labels.hpp"
#include "reduce/statistics_variables.hpp"
#include "reduce/tables.hpp"

namespace surf::reduce
{

namespace
{

/// What `value_of` gives of each cell.
template <class T, class Value>
std::vector<T> of_each(std::vector<SummarisedCell> const& cells, Value value_of)
{
    std::vector<T> values;
    std::ranges::transform(cells, std::back_inserter(values), [&](SummarisedCell const& cell) {
        return static_cast<T>(value_of(cell.result));
    });
    return values;
}

void write_places(TableColumns& table, ResultsInput const& input)
{
    using Cell = CellResult;
    auto const& cells = input.cells;
    for (Label const& label : labels_of(input))
    {
        table.add(
            label.name, {.long_name = label.long_name},
            of_each<std::string>(cells, [&](Cell const& cell) { return label.name_of(cell); }));
        label.add_codes(table, of_each<std::int32_t>(cells, label.code_of));
    }
    table.add("latent_dim", {.long_name = "dimension k of the latent"},
              of_each<std::int64_t>(
                  cells, [](Cell const& cell) { return cell.spec.generator.latent_dim; }));
    table.add("training", {.long_name = "seed of the training, or number of the chain"},
              of_each<std::int64_t>(cells, [](Cell const& cell) { return cell.training; }));
    table.add(
        "measurements", {.long_name = "number m of measurements"},
        of_each<std::int64_t>(cells, [](Cell const& cell) { return cell.spec.measurements(); }));
    table.add("chain_id", {.long_name = "id of the generator's chain"},
              of_each<std::string>(cells, [](Cell const& cell) { return cell.spec.chain.hex(); }));
    table.add("cell_id", {.long_name = "id of the cell, the same in every experiment"},
              of_each<std::string>(cells, [](Cell const& cell) { return cell.spec.id().hex(); }));
}

void add_stop_reasons(SummaryVariables& variables)
{
    for (std::size_t i = 0; i < stop_reason_table.size(); ++i)
    {
        std::string const name(stop_reason_table[i].name);
        variables.add<std::int64_t>(
            "stopped_" + name, "trials with the stop reason " + name,
            [=](SummarisedCell const& cell) { return cell.summary.statistics.stopped[i]; });
    }
}

/// "distance_p05", …
void add_quantiles(SummaryVariables& variables)
{
    for (ReportedDistribution const& distribution : distributions())
    {
        for (double const q : reported_quantiles)
        {
            variables.add<double>(
                fmt::format("{}_p{:02.0f}", distribution.name, 100 * q),
                fmt::format("{:.0f} % quantile of the {}", 100 * q, distribution.meaning),
                [&](SummarisedCell const& cell) {
                    Distribution const* const samples = distribution.of(cell);
                    return samples != nullptr ? samples->quantile(q) : missing<double>;
                });
        }
    }
}

}  // namespace

void write_cells(h5::Group group, ResultsInput const& input)
{
    std::vector<std::int64_t> numbers(input.cells.size());
    std::iota(numbers.begin(), numbers.end(), 0);
    h5::Dataset rows = group.create_coordinate<std::int64_t>("cell", numbers);
    store::describe(rows, "1", "number of the cell in this file");
    TableColumns table(group, rows);
    write_places(table, input);
    SummaryVariables variables(std::move(group), std::move(rows), input.cells);
    add_statistics(variables);
    add_stop_reasons(variables);
    add_quantiles(variables);
}

}  // namespace surf::reduce
