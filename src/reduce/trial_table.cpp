#include <algorithm>

#include "reduce/labels.hpp"
#include "reduce/tables.hpp"
#include "spec/trial_start.hpp"

namespace surf::reduce
{

namespace
{

/// The trials of all cells, and the cell of each.
struct Rows
{
    store::OutcomeRows table;
    std::vector<std::int64_t> cells;  ///< places among the input's

    explicit Rows(ResultsInput const& input)
    {
        std::vector<bool> with_latent;
        for (std::size_t i = 0; i < input.cells.size(); ++i)
        {
            for (TrialOutcome const& outcome : input.cells[i].result.outcomes)
            {
                table.outcomes.push_back(&outcome);
                with_latent.push_back(input.cells[i].has_latent());
                cells.push_back(static_cast<std::int64_t>(i));
            }
        }
        table.with_latent = std::move(with_latent);
    }

    std::int64_t count() const { return static_cast<std::int64_t>(cells.size()); }
};

/// A column of what `value_of` gives of each row's cell and trial.
template <class T, class Value>
std::vector<T> of_each(ResultsInput const& input, Rows const& rows, Value value_of)
{
    std::vector<T> values;
    for (std::size_t row = 0; row < rows.cells.size(); ++row)
    {
        values.push_back(value_of(input.cells[static_cast<std::size_t>(rows.cells[row])].result,
                                  rows.table.outcomes[row]->trial));
    }
    return values;
}

void write_places(TableColumns& table, ResultsInput const& input, Rows const& rows)
{
    using Cell = CellResult;
    table.add("cell", {.long_name = "the trial's row in /cells"}, rows.cells);
    for (Label const& label : labels_of(input))
    {
        label.add_codes(table,
                        of_each<std::int32_t>(input, rows, [&](Cell const& cell, std::int64_t) {
                            return label.code_of(cell);
                        }));
    }
    auto const add = [&](std::string const& name, ColumnSpec const& column, auto value_of) {
        table.add(name, column, of_each<std::int64_t>(input, rows, value_of));
    };
    add("latent_dim", {.long_name = "dimension k of the latent"},
        [](Cell const& cell, std::int64_t) { return cell.spec.generator.latent_dim; });
    add("training", {.long_name = "seed of the training, or number of the chain"},
        [](Cell const& cell, std::int64_t) { return cell.training; });
    add("measurements", {.long_name = "number m of measurements"},
        [](Cell const& cell, std::int64_t) { return cell.spec.measurements(); });
    add("target_index",
        {.long_name = "number of the test image to approximate", .fill = CellResult::unknown},
        [](Cell const& cell, std::int64_t trial) {
            bool const known = !has_latent(cell.spec.problem.task) && cell.test_images > 0;
            return known ? target_index(cell.spec, trial, cell.test_images) : CellResult::unknown;
        });
}

}  // namespace

void write_trials(h5::Group group, ResultsInput const& input)
{
    Rows const trials(input);
    h5::Dataset const rows = store::create_row_numbers(group, trials.count());
    TableColumns table(group, rows);
    write_places(table, input, trials);
    store::write_number_columns(group, rows, trials.table);
}

void write_latents(h5::Group group, ResultsInput const& input)
{
    std::int64_t latent_dim = 1;
    for (SummarisedCell const& cell : input.cells)
    {
        latent_dim = std::max(latent_dim, cell.result.spec.generator.latent_dim);
    }
    Rows const trials(input);
    h5::Dataset const rows = store::create_row_numbers(group, trials.count());
    store::LatentColumns columns(group, rows, latent_dim);
    for (store::LatentColumn const& column : store::latent_columns)
    {
        columns.write(column, trials.table);
    }
    auto const write = [&](std::string const& name, std::string_view long_name, auto latent_of) {
        columns.write(name, long_name, [&](std::size_t row) {
            auto const cell = static_cast<std::size_t>(trials.cells[row]);
            return latent_of(input.cells[cell].result.spec, trials.table.outcomes[row]->trial);
        });
    };
    write("target_latent", "latent to be found", [](CellSpec const& cell, std::int64_t trial) {
        return has_latent(cell.problem.task) ? target_latent(cell, trial) : std::vector<float>();
    });
    write("initial_latent", "latent at which the trial began", initial_latent);
}

}  // namespace surf::reduce
