#pragma once

#include "base/random.hpp"
#include "reduce/statistics.hpp"

namespace surf::reduce
{

/// Intervals of a cell's two percentiles of the steps to the first hit.
struct HitIntervals
{
    Interval iterations_p75;           ///< NaN without successes
    Interval censored_iterations_p75;  ///< +∞ where failures reach into it; NaN without trials
};

inline constexpr int bootstrap_resamples = 2000;

/// How resamples are made.
enum class Resampling
{
    drawn,    ///< trial by trial
    ordered,  ///< the order statistics alone, whose distribution is known: in O(log trials)
};

/// Cells up to this size are drawn.
inline constexpr std::int64_t most_drawn_trials = 20'000;

/// The 95 % percentile bootstrap intervals (Efron 1979) of CellStatistics::iterations_p75 and
/// censored_iterations_p75: their 2.5 % and 97.5 % quantiles over resamples, each of as many trials
/// as the cell has, drawn from them with replacement.
///
/// A resample without any success has no iterations_p75 and is left out of it. Depends on the
/// stream and on the outcomes alone, in whatever order they came: trials are numbered by the steps
/// to their first hit, failures last.
HitIntervals bootstrap_hits(CellStatistics const& cell, RandomStream stream);
HitIntervals bootstrap_hits(CellStatistics const& cell, RandomStream stream, Resampling how);

}  // namespace surf::reduce
