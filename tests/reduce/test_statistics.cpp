#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "reduce/random_outcomes.hpp"
#include "reduce/statistics.hpp"

using namespace surf;
using namespace surf::reduce;
using surf::test::random_outcomes;

namespace
{

CellStatistics statistics_of(std::vector<TrialOutcome> const& outcomes)
{
    return CellStatistics(outcomes);
}

CellStatistics both(CellStatistics left, CellStatistics const& right)
{
    left.merge(right);
    return left;
}

using Counts = std::vector<std::int64_t>;

Counts sum(Counts left, Counts const& right)
{
    std::transform(left.begin(), left.end(), right.begin(), left.begin(), std::plus<>());
    return left;
}

Distribution samples_of(std::vector<double> const& values)
{
    Distribution samples;
    for (double const value : values)
    {
        samples.merge(Distribution({value}));
    }
    return samples;
}

TrialOutcome finished(StopReason reason, std::int64_t iterations, std::int64_t first_hit)
{
    TrialOutcome outcome;
    outcome.stop_reason = reason;
    outcome.iterations = iterations;
    outcome.first_hit = first_hit;
    outcome.success = first_hit != TrialOutcome::never;
    return outcome;
}

constexpr double inf = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("merging statistics is associative and commutative", "[statistics]")
{
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    auto outcomes = random_outcomes(seed, 300, 0.5);
    CellStatistics const whole = statistics_of(outcomes);
    std::shuffle(outcomes.begin(), outcomes.end(), std::mt19937(seed));
    auto const part = [&](std::ptrdiff_t from, std::ptrdiff_t to) {
        return statistics_of({outcomes.begin() + from, outcomes.begin() + to});
    };
    CellStatistics const a = part(0, 17);
    CellStatistics const b = part(17, 120);
    CellStatistics const c = part(120, 300);
    CHECK(both(both(a, b), c) == whole);
    CHECK(both(a, both(b, c)) == whole);
    CHECK(both(c, both(b, a)) == whole);
    CHECK(a.distances.histogram(log_edges(-4, 2)).size() == 62);
    for (auto const& edges : {log_edges(-4, 2), log_edges(-4, 0), std::vector{0.5}})
    {
        CHECK(sum(sum(a.distances.histogram(edges), b.distances.histogram(edges)),
                  c.distances.histogram(edges)) == whole.distances.histogram(edges));
    }
    CHECK(both(a, CellStatistics{}) == a);
    CHECK(both(CellStatistics{}, a) == a);
}

TEST_CASE("quantiles lie between order statistics", "[statistics]")
{
    Distribution const samples = samples_of({4, 1, 3, 2});
    CHECK(samples.quantile(0) == 1);
    CHECK(samples.quantile(0.5) == 2.5);
    CHECK(samples.quantile(0.75) == 3.25);
    CHECK(samples.quantile(1) == 4);
    CHECK(samples.mean() == 2.5);
    CHECK(samples_of({7}).quantile(0.95) == 7);
    CHECK(std::isnan(Distribution{}.quantile(0.5)));
    CHECK(std::isnan(Distribution{}.mean()));
}

TEST_CASE("what has no value is worse than any", "[statistics]")
{
    Distribution const samples = samples_of({std::nan(""), 1, 2, inf, 0});
    CHECK(samples.quantile(0.5) == 2);
    CHECK(samples.quantile(0.6) == inf);
    CHECK(samples.quantile(0.95) == inf);  // between two infinities
    CHECK(samples.count() == 5);
}

TEST_CASE("a bin holds its left edge, the outer two whatever lies beyond", "[statistics]")
{
    Distribution const samples = samples_of({0, 0.99, 1, 1.5, 2, 3, std::nan(""), inf});
    CHECK(samples.histogram(std::vector<double>{1, 2}) == Counts{2, 2, 4});
    CHECK(samples.histogram(std::vector<double>{5}) == Counts{6, 2});
    CHECK(Distribution{}.histogram(std::vector<double>{1, 2}) == Counts{0, 0, 0});
    std::vector<double> const edges = log_edges(-1, 1);
    REQUIRE(edges.size() == 21);
    CHECK(edges.front() == 0.1);
    CHECK(edges[10] == 1);
    CHECK(edges[13] == Approx(1.9952623149688795).epsilon(1e-15));
    CHECK(edges.back() == 10);
}

TEST_CASE("samples are the same at once and one by one", "[statistics]")
{
    std::vector<double> const values = {4, std::nan(""), 1, inf, 3, 2, 1};
    CHECK(Distribution(values) == samples_of(values));
}

TEST_CASE("a censored percentile is infinite unless three of four trials succeed", "[statistics]")
{
    auto const with_failures = [](int failures) {
        std::vector<TrialOutcome> outcomes;
        for (int i = 0; i < 9; ++i)
        {
            outcomes.push_back(finished(StopReason::converged, 900,
                                        i < 9 - failures ? 100 + i : TrialOutcome::never));
        }
        return CellStatistics(outcomes);
    };
    CHECK(with_failures(0).censored_iterations_p75() == 106);
    CHECK(with_failures(2).censored_iterations_p75() == 106);
    CHECK(with_failures(3).censored_iterations_p75() == inf);
    CHECK(with_failures(3).iterations_p75() == 103.75);
}

TEST_CASE("Wilson's interval of nothing is nothing, and stays within [0, 1]", "[statistics]")
{
    CHECK(std::isnan(wilson_interval(0, 0).low));
    CHECK(wilson_interval(0, 10).low == 0);
    CHECK(wilson_interval(10, 10).high == 1);
    CHECK(wilson_interval(56, 100).low == Approx(0.46234).margin(1e-4));
}

TEST_CASE("surfing's budget comes from the best that is known", "[statistics]")
{
    std::vector<TrialOutcome> outcomes;
    auto const hits = [&] { return grant(BudgetRule::first_hits, statistics_of(outcomes)); };
    auto const steps = [&] { return grant(BudgetRule::steps, statistics_of(outcomes)); };
    CHECK(hits() == 1);
    CHECK(steps() == 1);

    outcomes.push_back(finished(StopReason::non_finite, 5, TrialOutcome::never));
    CHECK(hits() == 1);

    outcomes.push_back(finished(StopReason::iteration_cap, 1000, TrialOutcome::never));
    outcomes.push_back(finished(StopReason::converged, 2002, TrialOutcome::never));
    CHECK(hits() == 1752);  // 1751.5: without the trial of 5 steps
    CHECK(steps() == 1752);

    outcomes.push_back(finished(StopReason::converged, 700, 300));
    outcomes.push_back(finished(StopReason::converged, 700, 401));
    CHECK(hits() == 376);    // 375.75
    CHECK(steps() == 1251);  // 1250.5, of 700, 700, 1000, 2002
}

TEST_CASE("a budget is at least one step", "[statistics]")
{
    CellStatistics const statistics = statistics_of({finished(StopReason::converged, 10, 0)});
    CHECK(grant(BudgetRule::first_hits, statistics) == 1);
    CHECK(grant(BudgetRule::steps, statistics) == 10);
}

TEST_CASE("restarts are granted the mean network evaluations", "[statistics]")
{
    std::vector<TrialOutcome> outcomes;
    CHECK(grant(BudgetRule::evaluations, statistics_of(outcomes)) == 1);
    for (std::int64_t const evaluations : {5'000, 1'000, 2'001})
    {
        TrialOutcome outcome = finished(StopReason::converged, 10, 0);
        outcome.network_evaluations = evaluations;
        outcomes.push_back(outcome);
    }
    CHECK(grant(BudgetRule::evaluations, statistics_of(outcomes)) == 2'667);
}

TEST_CASE("parts in any number make the same whole", "[statistics]")
{
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    auto const outcomes = random_outcomes(seed, 100, 0.7);
    for (std::size_t const size : {1, 3, 7, 50, 99, 100, 1000})
    {
        std::vector<CellStatistics> parts;
        for (std::size_t first = 0; first < outcomes.size(); first += size)
        {
            auto const rest = std::span(outcomes).subspan(first);
            parts.emplace_back(rest.first(std::min(size, rest.size())));
        }
        CHECK((merged(std::move(parts)) == statistics_of(outcomes)));
    }
    CHECK((merged({}) == CellStatistics{}));
}
