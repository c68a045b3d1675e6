#include "reduce/results.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

#include "base/contract.hpp"
#include "reduce/summary.hpp"
#include "store/outcome_columns.hpp"

namespace surf::reduce
{

namespace
{

/// Where a name is among the experiments.
std::size_t place_of(std::vector<ExperimentSettings> const& experiments, std::string const& name)
{
    auto const place =
        std::find_if(experiments.begin(), experiments.end(),
                     [&](ExperimentSettings const& experiment) { return experiment.name == name; });
    EXPECT(place != experiments.end());
    return static_cast<std::size_t>(place - experiments.begin());
}

/// Names become those of groups, and words of a list.
void require_names(std::vector<ExperimentSettings> const& experiments)
{
    for (std::size_t i = 0; i < experiments.size(); ++i)
    {
        [[maybe_unused]] std::string const& name = experiments[i].name;
        EXPECT(!name.empty() && name.find_first_of(" \t\n/") == std::string::npos);
        EXPECT(place_of(experiments, name) == i);
    }
}

void sort_all(ResultsInput& input)
{
    auto const order_of = [&](SummarisedCell const& summarised) {
        CellPlace place = place_of(summarised.result);
        return std::tuple(place_of(input.experiments, place.experiment), std::move(place));
    };
    std::vector<SummarisedCell>& cells = input.cells;
    std::sort(cells.begin(), cells.end(),
              [&](SummarisedCell const& left, SummarisedCell const& right) {
                  return order_of(left) < order_of(right);
              });
    EXPECT(std::adjacent_find(cells.begin(), cells.end(),
                              [&](SummarisedCell const& left, SummarisedCell const& right) {
                                  return order_of(left) == order_of(right);
                              }) == cells.end());
    for (auto& [cell, summary] : cells)
    {
        std::sort(cell.outcomes.begin(), cell.outcomes.end(),
                  [](TrialOutcome const& left, TrialOutcome const& right) {
                      return left.trial < right.trial;
                  });
    }
}

/// A column that says of each trial to which cell it belongs.
template <class T, class Value>
h5::Dataset write_cell_column(h5::Group& group, h5::Dataset const& rows, std::string const& name,
                              std::string const& long_name,
                              std::vector<SummarisedCell> const& cells, Value value_of)
{
    std::vector<T> values;
    for (auto const& [cell, summary] : cells)
    {
        values.insert(values.end(), cell.outcomes.size(), static_cast<T>(value_of(cell)));
    }
    h5::Dataset dataset = group.create_dataset(
        name, {.type = h5::type_of<T>, .shape = rows.shape(), .chunk = {store::chunk_rows}});
    store::describe(dataset, "1", long_name);
    dataset.attach_scale(0, rows);
    dataset.write<T>(values);
    return dataset;
}

/// The attributes of a column of positions in a list of names.
void describe_names(h5::Dataset& column, std::vector<std::string> const& names)
{
    std::vector<std::int32_t> values(names.size());
    std::iota(values.begin(), values.end(), 0);
    column.set_attribute("flag_values", values);
    column.set_attribute("flag_meanings", fmt::format("{}", fmt::join(names, " ")));
}

/// The labels of all generators, sorted.
std::vector<std::string> labels_of(std::vector<SummarisedCell> const& cells)
{
    std::set<std::string> labels;
    for (auto const& [cell, summary] : cells)
    {
        labels.insert(cell.spec.generator.label);
    }
    return {labels.begin(), labels.end()};
}

/// The columns that say to which cell a trial belongs.
void write_cell_columns(h5::Group& group, h5::Dataset const& rows, ResultsInput const& input)
{
    using Cell = CellResult;
    auto const add = [&]<class T>(T, char const* name, char const* long_name, auto value_of) {
        return write_cell_column<T>(group, rows, name, long_name, input.cells, value_of);
    };
    h5::Dataset experiment =
        add(std::int32_t{}, "experiment", "experiment of the job",
            [&](Cell const& cell) { return place_of(input.experiments, cell.experiment); });
    std::vector<std::string> names;
    for (ExperimentSettings const& entry : input.experiments)
    {
        names.push_back(entry.name);
    }
    describe_names(experiment, names);

    h5::Dataset task = add(std::int8_t{}, "task", "what is recovered from what",
                           [](Cell const& cell) { return cell.spec.problem.task; });
    store::describe_flags(task, task_table);
    std::vector<std::string> const labels = labels_of(input.cells);
    h5::Dataset model =
        add(std::int32_t{}, "model", "label of the generator", [&](Cell const& cell) {
            return std::ranges::find(labels, cell.spec.generator.label) - labels.begin();
        });
    describe_names(model, labels);
    add(std::int64_t{}, "latent_dim", "dimension k of the latent",
        [](Cell const& cell) { return cell.spec.generator.latent_dim; });
    add(std::int64_t{}, "training", "seed of the training, or number of the chain",
        [](Cell const& cell) { return cell.training; });
    h5::Dataset measured_by = add(std::int8_t{}, "operator", "what is seen of an image",
                                  [](Cell const& cell) { return cell.spec.problem.measured_by; });
    store::describe_flags(measured_by, operator_table);
    add(std::int64_t{}, "measurements", "number m of measurements",
        [](Cell const& cell) { return cell.spec.measurements(); });
    h5::Dataset method = add(std::int8_t{}, "method", "how the latent is searched for",
                             [](Cell const& cell) { return cell.spec.method; });
    store::describe_flags(method, method_table);
}

void write_trials(h5::Group group, ResultsInput const& input)
{
    std::vector<TrialOutcome const*> outcomes;
    std::int64_t latent_dim = 1;
    for (auto const& [cell, summary] : input.cells)
    {
        latent_dim = std::max(latent_dim, cell.spec.generator.latent_dim);
        for (TrialOutcome const& outcome : cell.outcomes)
        {
            outcomes.push_back(&outcome);
        }
    }
    h5::Dataset const rows =
        store::create_row_numbers(group, static_cast<std::int64_t>(outcomes.size()));
    write_cell_columns(group, rows, input);
    store::write_outcome_columns(group, rows, outcomes, latent_dim);
}

void write_experiments(h5::Group group, std::vector<ExperimentSettings> const& experiments)
{
    for (auto const& [name, settings] : experiments)
    {
        h5::Group experiment = group.create_group(name);
        for (auto const& [key, value] : settings)
        {
            experiment.set_attribute(key, value);
        }
    }
}

}  // namespace

void write_results(std::filesystem::path const& path, ResultsInput input)
{
    require_names(input.experiments);
    sort_all(input);
    h5::FileWriter file(path, results_type);
    write_summary(file.root().create_group("summary"), input.cells, input.experiments);
    write_pooled(file.root().create_group("pooled"), pool(input.cells), input.experiments);
    write_trials(file.root().create_group("trials"), input);
    write_experiments(file.root().create_group("experiments"), input.experiments);
    h5::Group provenance = file.root().create_group("provenance");
    provenance.set_attribute("job", input.job);
    for (auto const& [key, value] : input.provenance)
    {
        provenance.set_attribute(key, value);
    }
    file.publish();
}

}  // namespace surf::reduce
