#include "reduce/results.hpp"

#include <algorithm>
#include <tuple>

#include "base/contract.hpp"
#include "hdf5/file.hpp"
#include "reduce/summary.hpp"
#include "store/outcome_columns.hpp"

namespace surf::reduce
{

namespace
{

constexpr h5::FileType results_type{.name = "surf_sweep/results"};

auto order_of(CellResult const& cell)
{
    trial::Problem const& problem = cell.spec.problem;
    return std::tuple(problem.task, problem.model, problem.latent_dim, problem.measurements,
                      cell.spec.method);
}

void sort_all(std::vector<CellResult>& cells)
{
    std::sort(cells.begin(), cells.end(), [](CellResult const& left, CellResult const& right) {
        return order_of(left) < order_of(right);
    });
    EXPECT(std::adjacent_find(cells.begin(), cells.end(),
                              [](CellResult const& left, CellResult const& right) {
                                  return order_of(left) == order_of(right);
                              }) == cells.end());
    for (CellResult& cell : cells)
    {
        std::sort(cell.outcomes.begin(), cell.outcomes.end(),
                  [](trial::TrialOutcome const& left, trial::TrialOutcome const& right) {
                      return left.trial < right.trial;
                  });
    }
}

/// A column that says of each trial to which cell it belongs.
template <class T, class Value>
h5::Dataset write_cell_column(h5::Group& group, h5::Dataset const& rows, std::string const& name,
                              std::string const& long_name, std::vector<CellResult> const& cells,
                              Value value_of)
{
    std::vector<T> values;
    for (CellResult const& cell : cells)
    {
        values.insert(values.end(), cell.outcomes.size(), static_cast<T>(value_of(cell.spec)));
    }
    h5::Dataset dataset = group.create_dataset(
        name, {.type = h5::type_of<T>, .shape = rows.shape(), .chunk = {store::chunk_rows}});
    store::describe(dataset, "1", long_name);
    dataset.attach_scale(0, rows);
    dataset.write<T>(values);
    return dataset;
}

void write_trials(h5::Group group, std::vector<CellResult> const& cells)
{
    std::vector<trial::TrialOutcome const*> outcomes;
    std::int64_t latent_dim = 1;
    for (CellResult const& cell : cells)
    {
        latent_dim = std::max(latent_dim, cell.spec.problem.latent_dim);
        for (trial::TrialOutcome const& outcome : cell.outcomes)
        {
            outcomes.push_back(&outcome);
        }
    }
    h5::Dataset const rows =
        store::create_row_numbers(group, static_cast<std::int64_t>(outcomes.size()));

    using Spec = trial::CellSpec;
    h5::Dataset task =
        write_cell_column<std::int8_t>(group, rows, "task", "what is recovered from what", cells,
                                       [](Spec const& spec) { return spec.problem.task; });
    store::describe_flags(task, trial::task_table);
    h5::Dataset model =
        write_cell_column<std::int8_t>(group, rows, "model", "generative model", cells,
                                       [](Spec const& spec) { return spec.problem.model; });
    store::describe_flags(model, model::model_table);
    write_cell_column<std::int64_t>(group, rows, "latent_dim", "dimension k of the latent", cells,
                                    [](Spec const& spec) { return spec.problem.latent_dim; });
    write_cell_column<std::int64_t>(group, rows, "measurements", "number m of measurements", cells,
                                    [](Spec const& spec) { return spec.problem.measurements; });
    h5::Dataset method =
        write_cell_column<std::int8_t>(group, rows, "method", "how the latent is searched for",
                                       cells, [](Spec const& spec) { return spec.method; });
    store::describe_flags(method, trial::method_table);
    store::write_outcome_columns(group, rows, outcomes, latent_dim);
}

}  // namespace

void write_results(std::filesystem::path const& path, ResultsInput input)
{
    sort_all(input.cells);
    h5::FileWriter file(path, results_type);
    write_summary(file.root().create_group("summary"), input.cells);
    write_trials(file.root().create_group("trials"), input.cells);
    h5::Group provenance = file.root().create_group("provenance");
    provenance.set_attribute("job", input.job);
    for (auto const& [key, value] : input.provenance)
    {
        provenance.set_attribute(key, value);
    }
    file.publish();
}

}  // namespace surf::reduce
