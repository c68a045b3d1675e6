#include "reduce/results.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/contract.hpp"
#include "reduce/summary.hpp"
#include "reduce/tables.hpp"

namespace surf::reduce
{

namespace
{

/// For those who open the file without a group.
constexpr char const* contents =
    "groups: /cells has a row for each cell with its statistics, /trials one for each trial, "
    "/latents where trials began, ended and should have ended, /summary statistics and curves over "
    "seven dimensions, /pooled those of several trainings together, /blocks and /chains how they "
    "were "
    "computed, /experiments the settings, /provenance the job, versions and times. xarray: "
    "open_dataset(FILE, group=\"cells\"). pandas: pip install ./analysis, then "
    "surf_sweep.open(FILE).cells";

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

std::vector<SummarisedCell> write_results(std::filesystem::path const& path, ResultsInput input)
{
    require_names(input.experiments);
    sort_all(input);
    h5::FileWriter file(path, results_type);
    h5::Group& root = file.root();
    root.set_attribute("title", "What a sweep of surf_sweep found");
    root.set_attribute("contents", contents);
    write_cells(root.create_group("cells"), input);
    write_trials(root.create_group("trials"), input);
    write_latents(root.create_group("latents"), input);
    write_summary(root.create_group("summary"), input.cells, input.experiments);
    write_pooled(root.create_group("pooled"), pool(input.cells), input.experiments);
    write_blocks(root.create_group("blocks"), input);
    write_chains(root.create_group("chains"), input);
    write_experiments(root.create_group("experiments"), input.experiments);
    h5::Group provenance = root.create_group("provenance");
    provenance.set_attribute("job", input.job);
    for (auto const& [key, value] : input.provenance)
    {
        provenance.set_attribute(key, value);
    }
    file.publish();
    return std::move(input.cells);
}

}  // namespace surf::reduce
