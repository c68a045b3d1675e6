#include "reduce/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "base/contract.hpp"

namespace surf::reduce
{

namespace
{

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

double no_value_is_infinite(double value)
{
    return std::isnan(value) ? infinity : value;
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

void Distribution::add(double value)
{
    double const number = no_value_is_infinite(value);
    values_.insert(std::upper_bound(values_.begin(), values_.end(), number), number);
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

void CellStatistics::add(TrialOutcome const& outcome)
{
    auto const entry = std::find_if(
        stop_reason_table.begin(), stop_reason_table.end(),
        [&](StopReasonEntry const& candidate) { return candidate.kind == outcome.stop_reason; });
    EXPECT(entry != stop_reason_table.end());
    ++stopped[static_cast<std::size_t>(entry - stop_reason_table.begin())];
    ++trials;
    auto const steps = static_cast<double>(outcome.iterations);
    iterations.add(steps);
    evaluations.add(static_cast<double>(outcome.network_evaluations));
    if (outcome.stop_reason != StopReason::non_finite)
    {
        finite_iterations.add(steps);
    }
    if (outcome.success)
    {
        ++successes;
        first_hits.add(outcome.first_hit == TrialOutcome::never
                           ? steps
                           : static_cast<double>(outcome.first_hit));
    }
    auto const or_infinite = [](std::int64_t count) {
        return count == TrialOutcome::never ? infinity : static_cast<double>(count);
    };
    hit_evaluations.add(or_infinite(outcome.hit_evaluations));
    goal_evaluations.add(or_infinite(outcome.goal_evaluations));
    distances.add(outcome.distance);
    pixel_errors.add(outcome.pixel_error);
}

void CellStatistics::add(std::vector<TrialOutcome> const& outcomes)
{
    for (TrialOutcome const& outcome : outcomes)
    {
        add(outcome);
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
    Distribution censored = first_hits;
    for (std::int64_t failure = successes; failure < trials; ++failure)
    {
        censored.add(infinity);
    }
    return censored.quantile(0.75);
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
