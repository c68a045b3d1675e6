#include "reduce/bootstrap.hpp"

#include <algorithm>
#include <limits>

namespace surf::reduce
{

namespace
{

constexpr double infinity = std::numeric_limits<double>::infinity();

/// How often each trial was drawn: one number for each success, in the order of its steps to the
/// first hit, then one for all failures together.
class Resample
{
  public:
    explicit Resample(CellStatistics const& cell)
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
        double const below = steps(trial);
        if (position.rank + 1 < count && drawn == position.rank + 1)
        {
            do
            {
                ++trial;
            } while (times_[trial] == 0);
        }
        return position.between(below, steps(trial));
    }

  private:
    double steps(std::size_t trial) const { return trial < hits_.size() ? hits_[trial] : infinity; }

    std::span<double const> hits_;
    std::int64_t trials_;
    std::vector<std::int64_t> times_;
};

Interval percentile_interval(Distribution const& statistics)
{
    return {statistics.quantile(0.025), statistics.quantile(0.975)};
}

}  // namespace

HitIntervals bootstrap_hits(CellStatistics const& cell, RandomStream stream)
{
    std::vector<double> of_successes;
    std::vector<double> of_all;
    Resample resample(cell);
    for (int i = 0; i < bootstrap_resamples && cell.trials > 0; ++i)
    {
        resample.draw(stream);
        of_all.push_back(resample.p75_of_first(cell.trials));
        if (resample.successes() > 0)
        {
            of_successes.push_back(resample.p75_of_first(resample.successes()));
        }
    }
    return {percentile_interval(Distribution(of_successes)),
            percentile_interval(Distribution(of_all))};
}

}  // namespace surf::reduce
