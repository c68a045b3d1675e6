#pragma once

#include <limits>
#include <vector>

#include "spec/cell.hpp"
#include "spec/outcome.hpp"

namespace surf::test
{

/// Outcomes of trials first, first + 1, … with one of each stop reason in turn.
inline std::vector<TrialOutcome> small_outcomes(std::int64_t first, std::int64_t count,
                                                std::int64_t latent_dim)
{
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    std::vector<TrialOutcome> outcomes;
    for (std::int64_t number = first; number < first + count; ++number)
    {
        auto const x = static_cast<double>(number);
        TrialOutcome outcome;
        outcome.trial = number;
        outcome.stop_reason = stop_reason_table[static_cast<std::size_t>(number % 3)].kind;
        outcome.success = number % 3 == 0;
        outcome.iterations = 1000 + 7 * number;
        outcome.polish_iterations = 3 + number;
        outcome.network_evaluations = 2 * outcome.iterations + 2;
        outcome.pieces = 3 * number;
        outcome.capped_snapshots = number % 4;
        outcome.units_cut = 5 * outcome.capped_snapshots;
        outcome.first_hit = outcome.success ? 500 + number : TrialOutcome::never;
        outcome.objective = number % 3 == 2 ? nan : x / 7;
        outcome.distance = number % 3 == 2 ? nan : 0.001 * x;
        outcome.pixel_error = number % 3 == 2 ? nan : 0.01 * x;
        outcome.best_objective = x / 9;
        for (std::int64_t i = 0; i < latent_dim; ++i)
        {
            outcome.latent.push_back(static_cast<float>(x) + 0.1F * static_cast<float>(i));
            outcome.best_latent.push_back(-static_cast<float>(i));
        }
        outcomes.push_back(std::move(outcome));
    }
    return outcomes;
}

/// The same for a task without a true latent.
inline std::vector<TrialOutcome> small_approximations(std::int64_t first, std::int64_t count,
                                                      std::int64_t latent_dim)
{
    auto outcomes = small_outcomes(first, count, latent_dim);
    for (TrialOutcome& outcome : outcomes)
    {
        outcome.success = false;
        outcome.first_hit = TrialOutcome::never;
        outcome.distance = std::numeric_limits<double>::quiet_NaN();
    }
    return outcomes;
}

inline BlockSpec small_block()
{
    BlockSpec block;
    block.cell.chain = ChainId::from_hex("00112233445566778899aabbccddeeff");
    block.cell.generator.label = "dcgan";
    block.cell.generator.latent_dim = 5;
    block.cell.generator.image = {1, 28, 28};
    block.cell.problem = {
        .seed = 7, .task = Task::recovery, .measured_by = Operator::gaussian, .measurements = 100};
    block.cell.method = Method::surfing;
    block.first = 50;
    block.count = 10;
    block.budget = {471, 9000};
    return block;
}

}  // namespace surf::test
