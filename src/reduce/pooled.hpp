#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reduce/cell_summary.hpp"
#include "reduce/training_spread.hpp"

namespace surf::reduce
{

/// A method's trials against those of Method::adam, over trainings.
struct PooledComparison
{
    /// Sums over trainings. Pairs are within a training, so that McNemar's test on them is
    /// stratified by it: given the discordant pairs of every training, each of them favours either
    /// side with the same chance if the methods are equal.
    PairedStatistics pairs;
    TrainingSpread difference;  ///< of the success rates: the method's minus adam's
};

/// The cells that differ in nothing but their generator's training.
struct PooledCell
{
    CellResult result;  ///< the first one's, without outcomes
    std::int64_t trainings = 0;
    std::int64_t trials = 0;        ///< of all trainings
    bool complete = true;           ///< whether all trials planned are done
    TrainingSpread success;         ///< NaN for a task without x*
    TrainingSpread iterations_p75;  ///< of the trainings that have successes, not at the start
    double evaluations_mean = 0;    ///< mean of the trainings' means
    std::optional<PooledComparison> against_adam;
    /// Of profile_evaluations(): the share of trials that hit, and that reached their goal, within
    /// so many network evaluations.
    std::vector<TrainingSpread> hits_within;
    std::vector<TrainingSpread> goals_within;

    bool has_latent() const { return surf::has_latent(result.spec.problem.task); }
};

/// In the order of the cells' first ones. Trainings without outcomes are left out; there may be
/// none.
std::vector<PooledCell> pool(std::vector<SummarisedCell> const& cells);

}  // namespace surf::reduce
