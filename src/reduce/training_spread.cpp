#include "reduce/training_spread.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "base/not_a_number.hpp"

namespace surf::reduce
{

namespace
{

constexpr double upper_tail = 0.975;
constexpr double normal_quantile = 1.959963984540054;  // of upper_tail

double mean_of(std::vector<double> const& numbers)
{
    return numbers.empty() ? not_a_number
                           : std::accumulate(numbers.begin(), numbers.end(), 0.0) /
                                 static_cast<double>(numbers.size());
}

/// The unbiased one; NaN with fewer than two numbers.
double variance_of(std::vector<double> const& numbers)
{
    if (numbers.size() < 2)
    {
        return not_a_number;
    }
    double const mean = mean_of(numbers);
    double sum = 0;
    for (double const number : numbers)
    {
        sum += (number - mean) * (number - mean);
    }
    return sum / static_cast<double>(numbers.size() - 1);
}

template <class Function>
Interval mapped(Interval const& interval, Function function)
{
    return {function(interval.low), function(interval.high)};
}

/// t intervals, at least as wide as a normal one of a known variance `least` of each number.
TrainingSpread spread_of(std::vector<double> const& numbers, double least)
{
    TrainingSpread spread{.mean = mean_of(numbers),
                          .interval = {not_a_number, not_a_number},
                          .next = {not_a_number, not_a_number},
                          .between = std::sqrt(variance_of(numbers)),
                          .within = not_a_number};
    if (numbers.size() < 2)
    {
        return spread;
    }
    auto const count = static_cast<double>(numbers.size());
    double const t = boost::math::quantile(boost::math::students_t(count - 1), upper_tail);
    double const half = std::max(t * spread.between, normal_quantile * std::sqrt(least));
    double const of_mean = half * std::sqrt(1 / count);
    double const of_next = half * std::sqrt(1 + 1 / count);
    spread.interval = {spread.mean - of_mean, spread.mean + of_mean};
    spread.next = {spread.mean - of_next, spread.mean + of_next};
    return spread;
}

}  // namespace

TrainingSpread spread_of_rates(std::span<TrainingTrials const> trainings)
{
    std::vector<double> rates;
    std::vector<double> angles;
    std::vector<double> binomial;  // variances of the rates
    std::vector<double> on_scale;  // the same of the angles
    for (auto const& [successes, trials] : trainings)
    {
        auto const s = static_cast<double>(successes);
        auto const n = static_cast<double>(trials);
        rates.push_back(s / n);
        angles.push_back(std::asin(std::sqrt((s + 0.375) / (n + 0.75))));
        binomial.push_back(s / n * (1 - s / n) / n);
        on_scale.push_back(1 / (4 * n + 2));
    }
    auto const rate_of = [](double angle) {
        double const sine = std::sin(std::clamp(angle, 0.0, std::numbers::pi / 2));
        return sine * sine;
    };
    TrainingSpread spread = spread_of(angles, mean_of(on_scale));
    spread.mean = mean_of(rates);
    if (trainings.size() > 1)
    {
        double const variance = std::max(0.0, variance_of(angles) - mean_of(on_scale));
        auto const mean_rate_of = [&](double angle) {
            double const cosine = std::cos(2 * std::clamp(angle, 0.0, std::numbers::pi / 2));
            return (1 - cosine * std::exp(-2 * variance)) / 2;
        };
        auto const [low, high] = spread.interval;
        spread.interval = {std::min(rate_of(low), mean_rate_of(low)),
                           std::max(rate_of(high), mean_rate_of(high))};
        spread.next = mapped(spread.next, rate_of);
        for (Interval* const interval : {&spread.interval, &spread.next})
        {
            interval->low = spread.mean == 0 ? 0 : interval->low;
            interval->high = spread.mean == 1 ? 1 : interval->high;
        }
        spread.between = std::sqrt(std::max(0.0, variance_of(rates) - mean_of(binomial)));
    }
    spread.within = std::sqrt(mean_of(binomial));
    return spread;
}

TrainingSpread spread_of_counts(std::span<double const> counts)
{
    std::vector<double> logarithms;
    std::ranges::transform(counts, std::back_inserter(logarithms),
                           [](double count) { return std::log(count); });
    auto const exponential = [](double value) { return std::exp(value); };
    TrainingSpread spread = spread_of(logarithms, 0);
    spread.mean = exponential(spread.mean);
    spread.interval = mapped(spread.interval, exponential);
    spread.next = mapped(spread.next, exponential);
    spread.between = std::sqrt(variance_of({counts.begin(), counts.end()}));
    return spread;
}

TrainingSpread spread_of_differences(std::span<TrainingPairs const> trainings)
{
    std::vector<double> differences;
    std::vector<double> variances;
    for (auto const& [first_only, second_only, pairs] : trainings)
    {
        auto const won = static_cast<double>(first_only - second_only);
        auto const n = static_cast<double>(pairs);
        differences.push_back(won / n);
        double const discordant = static_cast<double>(first_only + second_only) + 1;
        double const all = n + 2;
        variances.push_back((discordant - won * won / all) / (all * all));
    }
    return spread_of(differences, mean_of(variances));
}

}  // namespace surf::reduce
