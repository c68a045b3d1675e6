#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reduce/bootstrap.hpp"
#include "reduce/paired.hpp"
#include "reduce/statistics.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"

namespace surf::reduce
{

/// One cell with the outcomes that are stored of it.
struct CellResult
{
    CellSpec spec;
    std::int64_t training = 0;  ///< seed of its generator's training, or its number if the job's
                                ///< chains of this label come from elsewhere
    std::int64_t planned = 0;   ///< trials that the job asks for; fewer outcomes: incomplete
    Budget budget = {};         ///< of its blocks
    std::vector<TrialOutcome> outcomes = {};
    /// How many test images the targets of a task without x* were drawn from.
    std::int64_t test_images = unknown;
    /// Name of the experiment that reports the cell; one that belongs to two is given twice.
    std::string experiment = {};

    static constexpr std::int64_t unknown = -1;
};

/// What tells the cells of a results file apart.
struct CellPlace
{
    std::string experiment;
    Task task;
    std::string model;
    std::int64_t latent_dim;
    std::int64_t training;
    std::int64_t measurements;
    Method method;

    friend auto operator<=>(CellPlace const&, CellPlace const&) = default;
};

CellPlace place_of(CellResult const& cell);

/// Numbers of network evaluations at which data profiles (Moré & Wild 2009) are given: the share of
/// trials that were solved within so many.
std::vector<double> profile_evaluations();

/// What is reported of a cell.
struct CellSummary
{
    CellStatistics statistics;
    /// Steps to the first hit; NaN for a task without x*.
    HitIntervals hits;
    /// Empty for Method::adam, and if no adam cell has this experiment and problem.
    std::optional<PairedStatistics> against_adam;
};

/// A cell and what its trials say.
struct SummarisedCell
{
    CellResult result;
    CellSummary summary;

    bool has_latent() const { return surf::has_latent(result.spec.problem.task); }
};

/// The cells with their summaries, in their order. The bootstrap's streams are keyed by the cells'
/// ids, so that a cell has the same intervals in every experiment.
std::vector<SummarisedCell> summarise(std::vector<CellResult> cells);

}  // namespace surf::reduce
