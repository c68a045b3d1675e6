#pragma once

#include <filesystem>
#include <limits>

#include "reduce/random_outcomes.hpp"
#include "reduce/results.hpp"

namespace surf::test
{

inline constexpr std::int64_t small_results_planned = 80;

/// A cell with random outcomes, which depend on what is given except for the experiment.
inline reduce::CellResult small_cell(std::string experiment, Task task, std::string model,
                                     std::int64_t latent_dim, std::int64_t measurements,
                                     Method method, std::int64_t done, double success_chance,
                                     std::int64_t training = 1)
{
    reduce::CellResult result;
    result.experiment = std::move(experiment);
    Operator const seen_through = task == Task::inversion ? Operator::identity : Operator::gaussian;
    CanonicalText chain;
    chain.add("model", model).add("latent_dim", latent_dim).add("training", training);
    result.spec.chain = ChainId::of(chain);
    result.spec.generator.label = std::move(model);
    result.spec.generator.latent_dim = latent_dim;
    result.spec.generator.image = {1, 28, 28};
    result.spec.problem = {
        .seed = 1, .task = task, .measured_by = seen_through, .measurements = measurements};
    result.spec.method = method;
    result.planned = small_results_planned;
    result.training = training;
    result.budget = {.steps = heeds(method, SettingGroup::surfing) ? 471 : 0,
                     .evaluations = heeds(method, SettingGroup::restarts) ? 2000 : 0};
    auto const seed = static_cast<std::uint32_t>(latent_dim + measurements + done +
                                                 1000 * int(method) + 10'000 * (training - 1));
    result.outcomes = random_outcomes(seed, done, success_chance, latent_dim);
    if (!has_latent(task))
    {
        for (TrialOutcome& outcome : result.outcomes)
        {
            outcome.success = false;
            outcome.first_hit = TrialOutcome::never;
            outcome.hit_evaluations = TrialOutcome::never;
            outcome.distance = std::numeric_limits<double>::quiet_NaN();
        }
    }
    return result;
}

/// The cells of small_results().
inline std::vector<reduce::CellResult> small_cells()
{
    using enum Task;
    using enum Method;
    std::string const vae = "vae";
    std::string const dcgan = "dcgan";
    std::vector<reduce::CellResult> cells = {
        small_cell("table1", inversion, dcgan, 5, 784, surfing, 80, 0.85),
        small_cell("table1", inversion, dcgan, 5, 784, adam, 80, 0.55),
        small_cell("table1", inversion, dcgan, 5, 784, restarts, 80, 0.7),
        small_cell("table1", inversion, vae, 5, 784, adam, 71, 0.6),
        small_cell("figure3", inversion, vae, 5, 784, adam, 71, 0.6),
        small_cell("figure3", recovery, vae, 20, 100, adam, 80, 0),
        small_cell("figure3", recovery, vae, 5, 100, adam, 80, 0.99),
        small_cell("figure3", recovery, vae, 5, 100, surfing, 0, 0),
        small_cell("figure3", approximation, vae, 20, 100, adam, 80, 0),
        small_cell("figure3", approximation, vae, 20, 100, surfing, 80, 0),
        small_cell("table1", inversion, dcgan, 5, 784, surfing, 80, 0.8, 2),
        small_cell("table1", inversion, dcgan, 5, 784, adam, 80, 0.5, 2),
    };
    std::erase_if(cells[0].outcomes,
                  [](TrialOutcome const& outcome) { return outcome.trial % 7 == 3; });
    return cells;
}

/// Three experiments, not in the order of the alphabet: "table1" with inversion, "figure3" with
/// recovery, approximation and table1's VAE cell, "aside" without cells. One cell is incomplete,
/// one has no successes, one no trials, one lacks some of adam's trials. Two cells are
/// of a second training.
inline reduce::ResultsInput small_results()
{
    reduce::ResultsInput input;
    input.experiments = {{"table1", {{"trials.count", "80"}, {"trials.tasks", "inversion"}}},
                         {"figure3", {{"trials.count", "80"}}},
                         {"aside", {}}};
    input.cells = reduce::summarise(small_cells());
    input.provenance = {{"git_revision", "e5bcf7d"}, {"ranks", "5"}, {"device", "cpu — 2 Kerne"}};
    input.job = "[sweep]\nmodel = vae, dcgan\nlatent-dim = 5, 20\n";
    return input;
}

inline std::filesystem::path write_small_results(std::filesystem::path const& folder)
{
    reduce::write_results(folder / "results.h5", small_results());
    return folder / "results.h5";
}

}  // namespace surf::test
