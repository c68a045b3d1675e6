#include "reduce/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "reduce/variates.hpp"

namespace surf::reduce
{

namespace
{

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Steps to the first hit of a cell's trials in ascending order, failures last.
double steps_of(std::span<double const> hits, std::size_t trial)
{
    return trial < hits.size() ? hits[trial] : infinity;
}

/// How often each trial was drawn: one number for each success, in the order of its steps to the
/// first hit, then one for all failures together.
class DrawnResample
{
  public:
    explicit DrawnResample(CellStatistics const& cell)
        : hits_(cell.first_hits.ascending()), trials_(cell.trials), times_(hits_.size() + 1)
    {}

    void draw(RandomStream& stream)
    {
        std::fill(times_.begin(), times_.end(), 0);
        for (std::int64_t i = 0; i < trials_; ++i)
        {
            auto const trial = stream.below(static_cast<std::uint64_t>(trials_));
            ++times_[std::min<std::size_t>(trial, hits_.size())];
        }
    }

    std::int64_t successes() const { return trials_ - times_.back(); }
    double p75_of_all(RandomStream& /*stream*/) const { return p75_of_first(trials_); }
    double p75_of_successes(RandomStream& /*stream*/) const { return p75_of_first(successes()); }

  private:
    /// 75th percentile of the `count` first of the trials drawn.
    double p75_of_first(std::int64_t count) const
    {
        QuantilePosition const position(0.75, count);
        std::size_t trial = 0;
        std::int64_t drawn = times_[0];
        while (drawn <= position.rank)
        {
            drawn += times_[++trial];
        }
        double const below = steps_of(hits_, trial);
        if (position.rank + 1 < count && drawn == position.rank + 1)
        {
            do
            {
                ++trial;
            } while (times_[trial] == 0);
        }
        return position.between(below, steps_of(hits_, trial));
    }

    std::span<double const> hits_;
    std::int64_t trials_;
    std::vector<std::int64_t> times_;
};

/// A resample of which only the order statistics are drawn. The trials drawn are independent and
/// uniform, and so are the successes among them: order statistic r of n, counted from 0, is that of
/// n uniform numbers, Beta(r + 1, n − r), and the next one the least of those that are left.
class OrderedResample
{
  public:
    explicit OrderedResample(CellStatistics const& cell)
        : hits_(cell.first_hits.ascending()), trials_(cell.trials)
    {}

    void draw(RandomStream& stream)
    {
        successes_ = draw_binomial(
            stream, trials_, static_cast<double>(std::ssize(hits_)) / static_cast<double>(trials_));
    }

    std::int64_t successes() const { return successes_; }
    double p75_of_all(RandomStream& stream) const { return p75(stream, trials_, trials_); }
    double p75_of_successes(RandomStream& stream) const
    {
        return p75(stream, successes_, std::ssize(hits_));
    }

  private:
    /// Of `count` draws from the `among` first trials.
    double p75(RandomStream& stream, std::int64_t count, std::int64_t among) const
    {
        auto const at = [&](double share) {
            auto const trial = static_cast<std::int64_t>(share * static_cast<double>(among));
            return steps_of(hits_, static_cast<std::size_t>(std::min(trial, among - 1)));
        };
        QuantilePosition const position(0.75, count);
        auto const left = static_cast<double>(count - position.rank);
        double const here = draw_beta(stream, static_cast<double>(position.rank + 1), left);
        if (position.rank + 1 == count)
        {
            return at(here);
        }
        double const step = -std::expm1(std::log(1 - stream.uniform()) / (left - 1));
        return position.between(at(here), at(here + (1 - here) * step));
    }

    std::span<double const> hits_;
    std::int64_t trials_;
    std::int64_t successes_ = 0;
};

Interval percentile_interval(Distribution const& statistics)
{
    return {statistics.quantile(0.025), statistics.quantile(0.975)};
}

template <class Resample>
HitIntervals intervals_of(CellStatistics const& cell, RandomStream stream)
{
    std::vector<double> of_successes;
    std::vector<double> of_all;
    Resample resample(cell);
    for (int i = 0; i < bootstrap_resamples && cell.trials > 0; ++i)
    {
        resample.draw(stream);
        of_all.push_back(resample.p75_of_all(stream));
        if (resample.successes() > 0)
        {
            of_successes.push_back(resample.p75_of_successes(stream));
        }
    }
    return {percentile_interval(Distribution(of_successes)),
            percentile_interval(Distribution(of_all))};
}

}  // namespace

HitIntervals bootstrap_hits(CellStatistics const& cell, RandomStream stream, Resampling how)
{
    return how == Resampling::drawn ? intervals_of<DrawnResample>(cell, std::move(stream))
                                    : intervals_of<OrderedResample>(cell, std::move(stream));
}

HitIntervals bootstrap_hits(CellStatistics const& cell, RandomStream stream)
{
    return bootstrap_hits(
        cell, std::move(stream),
        cell.trials <= most_drawn_trials ? Resampling::drawn : Resampling::ordered);
}

}  // namespace surf::reduce
