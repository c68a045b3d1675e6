#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace surf::bench
{

/// What repeated measurements of one quantity gave.
struct Spread
{
    double median = 0;
    double min = 0;
    double max = 0;
    std::int64_t repetitions = 0;

    /// Of at least one sample.
    static Spread of(std::vector<double> samples);

    /// Of a quantity that is `factor` times this one, factor > 0.
    Spread times(double factor) const;
    /// Of a quantity that is `factor` divided by this one: times become rates.
    Spread under(double factor) const;
};

/// A case is measured at least as often as this, however long it takes.
inline constexpr std::int64_t least_repetitions = 5;

/// Waits until the device has done all that it was asked to.
void synchronise(at::Device device);

/// Seconds that `work` takes on the device, by wall clock.
double seconds_of(std::function<void()> const& work, at::Device device);

/// Throws Interrupted if a signal has asked this process to stop.
void require_going_on();

/// Calls `sample` until min_time seconds have passed and it was called least_repetitions times at
/// the least. `sample` gives one measurement; it warms up by itself.
/// Throws Interrupted when asked to stop.
Spread repeat(std::function<double()> const& sample, double min_time);

/// Seconds a call of `work`: warmed up by one call, then measured in groups of calls that are long
/// enough for the clock.
Spread time_call(std::function<void()> const& work, at::Device device, double min_time);

/// How many units of work that take `unit_seconds` each a repetition is made of.
std::int64_t units_a_repetition(double unit_seconds, double min_time);

}  // namespace surf::bench
