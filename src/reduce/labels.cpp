#include "reduce/labels.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/contract.hpp"

namespace surf::reduce
{

namespace
{

using Choices = decltype(Label::choices);

template <class Table>
Choices choices_of(Table const& table)
{
    Choices choices;
    for (auto const& entry : table)
    {
        choices.emplace_back(static_cast<std::int32_t>(entry.kind), entry.name);
    }
    return choices;
}

/// Names of the job's own, numbered in their order.
template <class Names>
Choices numbered(Names const& names)
{
    Choices choices;
    for (std::string const& name : names)
    {
        choices.emplace_back(static_cast<std::int32_t>(choices.size()), name);
    }
    return choices;
}

std::int32_t code_of(Choices const& choices, std::string const& name)
{
    auto const choice =
        std::ranges::find(choices, name, [](auto const& each) { return each.second; });
    EXPECT(choice != choices.end());
    return choice->first;
}

}  // namespace

std::string const& Label::name_of(CellResult const& cell) const
{
    auto const choice =
        std::ranges::find(choices, code_of(cell), [](auto const& each) { return each.first; });
    EXPECT(choice != choices.end());
    return choice->second;
}

void Label::add_codes(TableColumns& table, std::vector<std::int32_t> const& codes) const
{
    std::vector<std::int32_t> values;
    std::string meanings;
    for (auto const& [value, meaning] : choices)
    {
        values.push_back(value);
        meanings.append(meanings.empty() ? "" : " ").append(meaning);
    }
    h5::Dataset column = table.add(name + "_code", {.long_name = long_name}, codes);
    column.set_attribute("flag_values", values);
    column.set_attribute("flag_meanings", meanings);
}

std::vector<Label> labels_of(ResultsInput const& input)
{
    std::vector<std::string> experiments;
    std::ranges::transform(input.experiments, std::back_inserter(experiments),
                           &ExperimentSettings::name);
    std::set<std::string> models;
    for (SummarisedCell const& cell : input.cells)
    {
        models.insert(cell.result.spec.generator.label);
    }
    for (ChainRecord const& chain : input.chains)
    {
        models.insert(chain.model);
    }
    Choices const of_experiments = numbered(experiments);
    Choices const of_models = numbered(models);
    using Cell = CellResult;
    return {
        {"experiment", "experiment of the job", of_experiments,
         [=](Cell const& cell) { return code_of(of_experiments, cell.experiment); }},
        {"task", "what is recovered from what", choices_of(task_table),
         [](Cell const& cell) { return static_cast<std::int32_t>(cell.spec.problem.task); }},
        {"model", "label of the generator", of_models,
         [=](Cell const& cell) { return code_of(of_models, cell.spec.generator.label); }},
        {"operator", "what is seen of an image", choices_of(operator_table),
         [](Cell const& cell) { return static_cast<std::int32_t>(cell.spec.problem.measured_by); }},
        {"method", "how the latent is searched for", choices_of(method_table),
         [](Cell const& cell) { return static_cast<std::int32_t>(cell.spec.method); }},
    };
}

}  // namespace surf::reduce
