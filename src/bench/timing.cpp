#include "bench/timing.hpp"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/stop_signal.hpp"

namespace surf::bench
{

using Clock = std::chrono::steady_clock;

namespace
{

double seconds_since(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Spread Spread::of(std::vector<double> samples)
{
    EXPECT(!samples.empty());
    std::ranges::sort(samples);
    std::size_t const middle = samples.size() / 2;
    double const median =
        samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
    return {median, samples.front(), samples.back(), static_cast<std::int64_t>(samples.size())};
}

Spread Spread::times(double factor) const
{
    EXPECT(factor > 0);
    return {median * factor, min * factor, max * factor, repetitions};
}

Spread Spread::under(double factor) const
{
    EXPECT(factor > 0);
    return {factor / median, factor / max, factor / min, repetitions};
}

void synchronise(at::Device device)
{
    if (!device.is_cpu())
    {
        c10::impl::getDeviceGuardImpl(device.type())->synchronizeDevice(device.index());
    }
}

double seconds_of(std::function<void()> const& work, at::Device device)
{
    synchronise(device);
    auto const start = Clock::now();
    work();
    synchronise(device);
    return seconds_since(start);
}

void require_going_on()
{
    if (char const* const signal = stop_signal())
    {
        throw Interrupted(fmt::format("stopped by {} (nothing was written); start again", signal));
    }
}

Spread repeat(std::function<double()> const& sample, double min_time)
{
    std::vector<double> samples;
    auto const start = Clock::now();
    while (std::ssize(samples) < least_repetitions || seconds_since(start) < min_time)
    {
        require_going_on();
        samples.push_back(sample());
    }
    return Spread::of(std::move(samples));
}

Spread time_call(std::function<void()> const& work, at::Device device, double min_time)
{
    work();
    std::int64_t const calls = units_a_repetition(seconds_of(work, device), min_time);
    auto const group = [&] {
        for (std::int64_t i = 0; i < calls; ++i)
        {
            work();
        }
    };
    return repeat([&] { return seconds_of(group, device) / static_cast<double>(calls); }, min_time);
}

std::int64_t units_a_repetition(double unit_seconds, double min_time)
{
    double const share = min_time / static_cast<double>(2 * least_repetitions);
    return std::max<std::int64_t>(std::llround(share / std::max(unit_seconds, 1e-9)), 1);
}

}  // namespace surf::bench
