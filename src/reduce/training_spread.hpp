#pragma once

#include <cstdint>
#include <span>

#include "reduce/statistics.hpp"

namespace surf::reduce
{

/// What several trainings of a generator say together. Trials are nested in trainings: however many
/// there are of them, trainings are what one generalises from. Intervals are of 95 %, by Student's
/// t over trainings, since a bootstrap of few of them is too narrow (docs/statistics.md).
struct TrainingSpread
{
    double mean = 0;     ///< of the trainings' numbers; NaN without any
    Interval interval;   ///< of the mean over trainings like these; NaN with fewer than two
    Interval next;       ///< of the number that one more training will give; likewise
    double between = 0;  ///< standard deviation of the trainings' numbers; of rates, without what
                         ///< the finite number of trials adds; likewise
    double within = 0;  ///< of rates: standard deviation that the finite number of trials gives one
};

/// Trials of one training.
struct TrainingTrials
{
    std::int64_t successes = 0;
    std::int64_t trials = 0;  ///< at least 1
};

/// Of success rates, on the scale z = asin √((s + 3/8) / (n + 3/4)) (Anscombe 1948), on which
/// binomial variance is 1 / (4n + 2) whatever the rate. No interval is narrower than this variance
/// alone makes it, since rates may agree by chance. The mean of sin² is not sin² of the mean: an
/// end of the mean's interval is the outer one of sin² of its angle and of the mean of sin² of
/// normal angles around it, of the variance that the trials do not explain.
TrainingSpread spread_of_rates(std::span<TrainingTrials const> trainings);
/// Of positive numbers, on a logarithmic scale; the mean is the geometric one.
TrainingSpread spread_of_counts(std::span<double const> counts);
/// Of a method's success rate minus another's in pairs of trials, which only one of them solved:
/// at least as wide as the variance of the pairs makes it, half a pair added to each of the four
/// kinds (Agresti & Min 2005).
struct TrainingPairs
{
    std::int64_t first_only = 0;
    std::int64_t second_only = 0;
    std::int64_t pairs = 0;  ///< at least 1
};
TrainingSpread spread_of_differences(std::span<TrainingPairs const> trainings);

}  // namespace surf::reduce
