#include "reduce/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <ranges>

#include "base/contract.hpp"
#include "base/not_a_number.hpp"

namespace surf::reduce
{

namespace
{

constexpr double infinity = std::numeric_limits<double>::infinity();
double no_value_is_infinite(double value)
{
    return std::isnan(value) ? infinity : value;
}

std::int64_t steps_of(TrialOutcome const& outcome)
{
    return outcome.iterations;
}

bool stayed_finite(TrialOutcome const& outcome)
{
    return outcome.stop_reason != StopReason::non_finite;
}

/// Of a successful trial; one that hit at its end alone hit after all its steps.
std::int64_t first_hit_of(TrialOutcome const& outcome)
{
    return outcome.first_hit == TrialOutcome::never ? outcome.iterations : outcome.first_hit;
}

auto or_infinite(std::int64_t TrialOutcome::*count)
{
    return [count](TrialOutcome const& outcome) {
        std::int64_t const value = outcome.*count;
        return value == TrialOutcome::never ? infinity : static_cast<double>(value);
    };
}

/// One number of each outcome.
template <class Outcomes, class Value>
std::vector<double> column(Outcomes outcomes, Value value)
{
    std::vector<double> numbers;
    for (TrialOutcome const& outcome : outcomes)
    {
        numbers.push_back(static_cast<double>(std::invoke(value, outcome)));
    }
    return numbers;
}

}  // namespace

QuantilePosition::QuantilePosition(double q, std::int64_t count)
{
    EXPECT(q >= 0 && q <= 1 && count > 0);
    double const position = q * static_cast<double>(count - 1);
    rank = static_cast<std::int64_t>(position);
    weight = position - std::floor(position);
}

double QuantilePosition::between(double below, double above) const
{
    bool const at_sample = weight == 0 || below == above;  // also where both are infinite
    return at_sample ? below : below + weight * (above - below);
}

Distribution::Distribution(std::vector<double> values) : values_(std::move(values))
{
    std::transform(values_.begin(), values_.end(), values_.begin(), no_value_is_infinite);
    std::sort(values_.begin(), values_.end());
}

void Distribution::merge(Distribution const& other)
{
    std::vector<double> merged(values_.size() + other.values_.size());
    std::merge(values_.begin(), values_.end(), other.values_.begin(), other.values_.end(),
               merged.begin());
    values_ = std::move(merged);
}

double Distribution::quantile(double q) const
{
    if (values_.empty())
    {
        return not_a_number;
    }
    QuantilePosition const position(q, count());
    auto const rank = static_cast<std::size_t>(position.rank);
    return position.between(values_[rank], values_[std::min(rank + 1, values_.size() - 1)]);
}

double Distribution::mean() const
{
    return values_.empty() ? not_a_number
                           : std::accumulate(values_.begin(), values_.end(), 0.0) /
                                 static_cast<double>(values_.size());
}

std::int64_t Distribution::at_most(double value) const
{
    return std::upper_bound(values_.begin(), values_.end(), value) - values_.begin();
}

std::vector<std::int64_t> Distribution::histogram(std::span<double const> edges) const
{
    EXPECT(std::is_sorted(edges.begin(), edges.end()));
    std::vector<std::int64_t> counts;
    auto begin = values_.begin();
    for (double const edge : edges)
    {
        auto const end = std::lower_bound(begin, values_.end(), edge);
        counts.push_back(end - begin);
        begin = end;
    }
    counts.push_back(values_.end() - begin);
    return counts;
}

std::vector<double> log_edges(int first, int last)
{
    constexpr int per_decade = 10;
    std::vector<double> edges;
    for (int i = first * per_decade; i <= last * per_decade; ++i)
    {
        edges.push_back(std::pow(10.0, static_cast<double>(i) / per_decade));
    }
    return edges;
}

Interval wilson_interval(std::int64_t successes, std::int64_t trials)
{
    if (trials == 0)
    {
        return {not_a_number, not_a_number};
    }
    constexpr double z = 1.959963984540054;  // 97.5 % quantile of the normal distribution
    auto const n = static_cast<double>(trials);
    double const p = static_cast<double>(successes) / n;
    double const scale = 1 + z * z / n;
    double const centre = (p + z * z / (2 * n)) / scale;
    double const half = z / scale * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return {successes == 0 ? 0.0 : centre - half, successes == trials ? 1.0 : centre + half};
}

CellStatistics::CellStatistics(std::span<TrialOutcome const> outcomes)
    : trials(std::ssize(outcomes)),
      successes(std::ranges::count_if(outcomes, &TrialOutcome::success)),
      iterations(column(outcomes, steps_of)),
      evaluations(column(outcomes, &TrialOutcome::network_evaluations)),
      finite_iterations(column(outcomes | std::views::filter(stayed_finite), steps_of)),
      first_hits(column(outcomes | std::views::filter(&TrialOutcome::success), first_hit_of)),
      hit_evaluations(column(outcomes, or_infinite(&TrialOutcome::hit_evaluations))),
      goal_evaluations(column(outcomes, or_infinite(&TrialOutcome::goal_evaluations))),
      distances(column(outcomes, &TrialOutcome::distance)),
      pixel_errors(column(outcomes, &TrialOutcome::pixel_error))
{
    for (TrialOutcome const& outcome : outcomes)
    {
        auto const entry =
            std::ranges::find(stop_reason_table, outcome.stop_reason, &StopReasonEntry::kind);
        EXPECT(entry != stop_reason_table.end());
        ++stopped[static_cast<std::size_t>(entry - stop_reason_table.begin())];
    }
}

void CellStatistics::merge(CellStatistics const& other)
{
    trials += other.trials;
    successes += other.successes;
    std::transform(stopped.begin(), stopped.end(), other.stopped.begin(), stopped.begin(),
                   std::plus<>());
    iterations.merge(other.iterations);
    evaluations.merge(other.evaluations);
    finite_iterations.merge(other.finite_iterations);
    first_hits.merge(other.first_hits);
    hit_evaluations.merge(other.hit_evaluations);
    goal_evaluations.merge(other.goal_evaluations);
    distances.merge(other.distances);
    pixel_errors.merge(other.pixel_errors);
}

double CellStatistics::success_rate() const
{
    return trials == 0 ? not_a_number
                       : static_cast<double>(successes) / static_cast<double>(trials);
}

double CellStatistics::censored_iterations_p75() const
{
    auto const hits = first_hits.ascending();
    std::vector<double> censored(hits.begin(), hits.end());
    censored.resize(static_cast<std::size_t>(trials), infinity);
    return Distribution(std::move(censored)).quantile(0.75);
}

CellStatistics merged(std::vector<CellStatistics> parts)
{
    while (parts.size() > 1)
    {
        std::size_t const half = (parts.size() + 1) / 2;
        for (std::size_t i = half; i < parts.size(); ++i)
        {
            parts[i - half].merge(parts[i]);
        }
        parts.resize(half);
    }
    return parts.empty() ? CellStatistics{} : std::move(parts.front());
}

std::int64_t grant(BudgetRule rule, CellStatistics const& cell)
{
    Distribution const& finite = cell.finite_iterations;
    double amount = finite.quantile(0.75);
    if (rule == BudgetRule::first_hits && cell.successes > 0)
    {
        amount = cell.iterations_p75();
    }
    else if (rule == BudgetRule::evaluations)
    {
        amount = cell.evaluations.mean();
    }
    return std::isnan(amount) ? 1 : std::max<std::int64_t>(1, std::llround(amount));
}

}  // namespace surf::reduce
