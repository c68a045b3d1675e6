#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <numeric>
#include <random>
#include <string>

#include "hdf5/python.hpp"
#include "reduce/bootstrap.hpp"
#include "reduce/random_outcomes.hpp"

using namespace surf;
using namespace surf::reduce;
using namespace surf::test;

namespace
{

RandomStream stream(std::uint64_t seed, std::string const& cell = "cell")
{
    return RandomStream(seed, cell, Purpose::bootstrap, 0);
}

/// A cell of successes with these first hits, and of failures.
CellStatistics cell_of(std::vector<std::int64_t> const& hits, std::int64_t trials)
{
    std::vector<TrialOutcome> outcomes;
    for (std::int64_t i = 0; i < trials; ++i)
    {
        TrialOutcome outcome;
        outcome.trial = i;
        outcome.iterations = 1'000;
        outcome.success = i < std::ssize(hits);
        if (outcome.success)
        {
            outcome.first_hit = hits[static_cast<std::size_t>(i)];
        }
        outcomes.push_back(outcome);
    }
    return CellStatistics(outcomes);
}

/// First hits after 0, 1, … steps: each is its own rank.
CellStatistics ranked(std::int64_t trials, std::int64_t successes)
{
    std::vector<std::int64_t> hits(static_cast<std::size_t>(successes));
    std::iota(hits.begin(), hits.end(), 0);
    return cell_of(hits, trials);
}

bool equal(Interval const& left, Interval const& right)
{
    return left.low == right.low && left.high == right.high;
}

bool equal(HitIntervals const& left, HitIntervals const& right)
{
    return equal(left.iterations_p75, right.iterations_p75) &&
           equal(left.censored_iterations_p75, right.censored_iterations_p75);
}

}  // namespace

TEST_CASE("bootstrap intervals do not depend on how statistics were merged", "[bootstrap]")
{
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    auto outcomes = random_outcomes(seed, 200, 0.8);
    CellStatistics const whole(outcomes);
    std::shuffle(outcomes.begin(), outcomes.end(), std::mt19937(seed));
    CellStatistics const first{std::span(outcomes).first(63)};
    CellStatistics second{std::span(outcomes).subspan(63)};
    second.merge(first);
    HitIntervals const intervals = bootstrap_hits(whole, stream(1));
    CHECK(equal(bootstrap_hits(second, stream(1)), intervals));
    CHECK(intervals.iterations_p75.low <= whole.iterations_p75());
    CHECK(intervals.iterations_p75.high >= whole.iterations_p75());
}

// Intervals end at steps that trials took, so two streams may agree by chance: ten do not.
TEST_CASE("bootstrap intervals depend on the stream", "[bootstrap]")
{
    CellStatistics const cell(random_outcomes(17, 200, 0.8));
    HitIntervals const intervals = bootstrap_hits(cell, stream(1));
    auto const differs = [&](RandomStream other) {
        return !equal(bootstrap_hits(cell, std::move(other)), intervals);
    };
    bool by_seed = false;
    bool by_cell = false;
    for (std::uint64_t i = 2; i < 12; ++i)
    {
        by_seed = by_seed || differs(stream(i));
        by_cell = by_cell || differs(stream(1, "cell " + std::to_string(i)));
    }
    CHECK(by_seed);
    CHECK(by_cell);
}

TEST_CASE("bootstrap intervals of cells at the edge", "[bootstrap]")
{
    HitIntervals const nothing = bootstrap_hits(CellStatistics{}, stream(1));
    CHECK(std::isnan(nothing.iterations_p75.low));
    CHECK(std::isnan(nothing.censored_iterations_p75.high));

    HitIntervals const failures = bootstrap_hits(ranked(50, 0), stream(1));
    CHECK(std::isnan(failures.iterations_p75.low));
    CHECK(std::isnan(failures.iterations_p75.high));
    CHECK(std::isinf(failures.censored_iterations_p75.low));
    CHECK(std::isinf(failures.censored_iterations_p75.high));
}

// Equally likely outcomes of 2,000,000 trials: the interval's half width is 1.96 √(n · 3/4 · 1/4)
// ranks, and 5 % more or less of 2,000 resamples' quantiles is far beyond their noise.
TEST_CASE("the bootstrap of a large cell is as wide as the normal approximation says",
          "[bootstrap]")
{
    std::int64_t const trials = 2'000'000;
    CellStatistics const cell = ranked(trials, trials);
    Interval const found = bootstrap_hits(cell, stream(3)).iterations_p75;
    double const width = 1.96 * std::sqrt(0.1875 * static_cast<double>(trials));
    double const middle = 0.75 * static_cast<double>(trials - 1);
    CHECK(found.low == Approx(middle - width).margin(0.2 * width));
    CHECK(found.high == Approx(middle + width).margin(0.2 * width));
}

// The resamples of a small cell can all be listed with their probabilities. The median of what 51
// streams give lies between the exact quantiles at 2.5 % ± 5 σ, where σ is the deviation of a
// median of 51 shares of 2,000: narrow enough to tell six trials drawn from five.
TEST_CASE("all resamples of a small cell bound its bootstrap", "[bootstrap]")
{
    Resampling const how = GENERATE(Resampling::drawn, Resampling::ordered);
    std::uint64_t const seed = std::random_device{}();
    CAPTURE(how, seed);
    ScratchFolder const folder;
    std::ofstream file(folder.path / "intervals.txt");
    std::vector<std::int64_t> const hits = {120, 350, 410, 900, 2'000, 2'600};
    for (std::int64_t successes = 1; successes <= std::ssize(hits); ++successes)
    {
        CellStatistics const cell = cell_of({hits.begin(), hits.begin() + successes}, 6);
        for (std::uint64_t repetition = 0; repetition < 51; ++repetition)
        {
            auto const [of_successes, of_all] = bootstrap_hits(
                cell, stream(seed + repetition, "cell " + std::to_string(successes)), how);
            file << successes << ' ' << of_successes.low << ' ' << of_successes.high << ' '
                 << of_all.low << ' ' << of_all.high << '\n';
        }
    }
    file.close();
    python(R"(
import itertools
import numpy as np
from collections import Counter
from math import factorial, prod

def p75(values):
    low, high = (np.percentile(values, 75, method=method) for method in ("lower", "higher"))
    return low if low == high else high if np.isinf(high) else np.percentile(values, 75)

def exact(trials, finite):
    """The statistic's values over all resamples, ascending, with their cumulated probabilities."""
    weights = Counter()
    for drawn in itertools.combinations_with_replacement(range(6), 6):
        values = trials[list(drawn)]
        values = values[np.isfinite(values)] if finite else values
        if len(values):
            weights[p75(values)] += factorial(6) // prod(factorial(n) for n in Counter(drawn).values())
    values = sorted(weights)
    cumulated = np.cumsum([weights[value] for value in values])
    return values, cumulated / cumulated[-1]

lines = np.loadtxt(path)
hits = np.array([120, 350, 410, 900, 2000, 2600.0])
slack = 5 * 1.2533 * np.sqrt(0.025 * 0.975 / 2000 / 51)
for successes in range(1, 7):
    trials = np.where(np.arange(6) < successes, hits, np.inf)
    found = np.median(lines[lines[:, 0] == successes], axis=0)[1:]
    for finite, ends in ((True, found[:2]), (False, found[2:])):
        values, cumulated = exact(trials, finite)
        for end, p in zip(ends, (0.025, 0.975)):
            low, high = (values[np.searchsorted(cumulated, q)] for q in (p - slack, p + slack))
            assert low <= end <= high, (successes, finite, p, low, end, high)
)",
           folder.path / "intervals.txt");
}

// For ranked trials the exact distribution is known. With n − 1 a multiple of 4 the censored
// percentile is order statistic r = 3 (n − 1) / 4 of the resample, counted from 0, and at most j
// exactly if more than r of its n draws are among the trials 0 … j: a binomial probability. Its
// quantiles bound the median of what nine streams give; at which levels, that is binomial again.
TEST_CASE("binomial probabilities bound the bootstrap of an order statistic", "[bootstrap]")
{
    Resampling const how = GENERATE(Resampling::drawn, Resampling::ordered);
    std::uint64_t const seed = std::random_device{}();
    CAPTURE(how, seed);
    std::int64_t const trials = 1'001;
    ScratchFolder const folder;
    std::ofstream file(folder.path / "intervals.txt");
    for (std::int64_t const successes : {trials, std::int64_t{770}})
    {
        CellStatistics const cell = ranked(trials, successes);
        for (std::uint64_t repetition = 0; repetition < 9; ++repetition)
        {
            Interval const found =
                bootstrap_hits(cell, stream(seed + repetition, "cell " + std::to_string(successes)),
                               how)
                    .censored_iterations_p75;
            file << successes << ' ' << found.low << ' ' << found.high << '\n';
        }
    }
    file.close();
    python(R"(
import numpy as np
from scipy.stats import beta, binom, norm

n, resamples, streams = 1001, 2000, 9
# The median is outside if five streams of nine are: in one run of 3.5 million (5 sigma, each side)
# if one stream is with this chance.
chance = beta.ppf(norm.sf(5), 5, 5)

def levels(p):
    """An end lies between the order statistics k and k + 1 of a stream's resamples. With `chance`
    so many of these are below the first level that k is, or so few below the second that k + 1 is
    above it."""
    k = int(p * (resamples - 1))
    return beta.ppf(chance, k + 1, resamples - k), beta.ppf(1 - chance, k + 2, resamples - k - 1)

lines = np.loadtxt(path)
for successes in (n, 770):
    ends = np.median(lines[lines[:, 0] == successes], axis=0)[1:]
    below = binom.sf(0.75 * (n - 1), n, np.arange(1, successes + 1) / n)  # P(percentile <= j), j = 0, 1, ...
    def quantile(p):
        return np.searchsorted(below, p) if p <= below[-1] else np.inf
    for end, p in zip(ends, (0.025, 0.975)):
        low, high = (quantile(level) for level in levels(p))
        assert low <= end <= high, (successes, p, low, end, high)
    # The bounds are narrow enough to tell a 95 % interval from a 93 % one.
    assert quantile(0.035) > quantile(levels(0.025)[1])
    assert (successes < n) == np.isinf(ends[1])
)",
           folder.path / "intervals.txt");
}
