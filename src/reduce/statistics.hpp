#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "spec/budget.hpp"
#include "spec/outcome.hpp"

namespace surf::reduce
{

/// Where quantile q of `count` ordered numbers lies: at 0 ≤ `weight` < 1 of the way from order
/// statistic `rank`, the first being 0, to the next (Hyndman & Fan 1996, type 7, numpy's default).
struct QuantilePosition
{
    std::int64_t rank = 0;
    double weight = 0;

    QuantilePosition(double q, std::int64_t count);
    /// `above` is not looked at where the weight is 0, since there may be none.
    double between(double below, double above) const;
};

/// A sorted multiset of numbers. NaN counts as +∞: what has no value is worse than any.
class Distribution
{
  public:
    Distribution() = default;
    explicit Distribution(std::vector<double> values);

    /// Associative and commutative, as multisets are. Takes time in proportion to both: many parts
    /// are merged in pairs (see merged()).
    void merge(Distribution const& other);

    std::int64_t count() const { return static_cast<std::int64_t>(values_.size()); }
    std::span<double const> ascending() const { return values_; }
    /// Quantile q in [0, 1], interpolated as QuantilePosition says. NaN without samples.
    double quantile(double q) const;
    /// Summed in ascending order, so that it does not depend on how it was merged. NaN without
    /// samples.
    double mean() const;
    /// How many samples are at most `value`.
    std::int64_t at_most(double value) const;
    /// How many samples lie below the first of the ascending edges, from each edge up to but not
    /// including the next, and from the last on: one number more than there are edges. Counts of
    /// merged samples are the sums of the parts' counts.
    std::vector<std::int64_t> histogram(std::span<double const> edges) const;

    friend bool operator==(Distribution const&, Distribution const&) = default;

  private:
    std::vector<double> values_;  ///< ascending
};

/// A confidence interval of a probability.
struct Interval
{
    double low = 0;
    double high = 0;
};

/// The 95 % score interval of Wilson (1927). NaN without trials.
Interval wilson_interval(std::int64_t successes, std::int64_t trials);

/// The quantiles that are reported of distances and pixel errors.
inline constexpr std::array<double, 5> reported_quantiles = {0.05, 0.25, 0.5, 0.75, 0.95};

/// Edges 10^first, …, 10^last of bins that are equally wide on a logarithmic scale, 10 a decade.
std::vector<double> log_edges(int first, int last);

/// What is known of a cell from some of its trials.
///
/// A small value: statistics of parts are merged in any order to those of the whole.
struct CellStatistics
{
    std::int64_t trials = 0;
    std::int64_t successes = 0;
    /// Trials by the position of their stop reason in stop_reason_table.
    std::array<std::int64_t, stop_reason_table.size()> stopped = {};
    Distribution iterations;         ///< steps of every trial
    Distribution evaluations;        ///< network evaluations of every trial
    Distribution finite_iterations;  ///< of those that stayed finite
    Distribution first_hits;         ///< steps to the first hit, of successful trials
    Distribution hit_evaluations;  ///< network evaluations to the first hit; +∞ if there was none
    Distribution goal_evaluations;  ///< likewise to the goal in f
    Distribution distances;         ///< ‖x̂ − x*‖; all +∞ for a task without x*
    Distribution pixel_errors;      ///< √(‖G_T(x̂) − y‖² / n)

    CellStatistics() = default;
    explicit CellStatistics(std::span<TrialOutcome const> outcomes);
    void merge(CellStatistics const& other);

    /// NaN without trials.
    double success_rate() const;
    Interval success_interval() const { return wilson_interval(successes, trials); }
    /// 75th percentile of the steps to the first hit, over successful trials; NaN without any.
    double iterations_p75() const { return first_hits.quantile(0.75); }
    /// The same over all trials, where a failure never hits: +∞ unless 3 of 4 trials succeed.
    double censored_iterations_p75() const;

    friend bool operator==(CellStatistics const&, CellStatistics const&) = default;
};

/// The whole of many parts, in n log(parts) for n trials.
CellStatistics merged(std::vector<CellStatistics> parts);

/// What the trials of a cell grant other methods on the same problem: a budget by this rule,
/// rounded to the nearest integer, at least 1. Without successes first_hits is as steps.
std::int64_t grant(BudgetRule rule, CellStatistics const& cell);

}  // namespace surf::reduce
