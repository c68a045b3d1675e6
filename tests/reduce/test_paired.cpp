#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "hdf5/python.hpp"
#include "reduce/paired.hpp"
#include "reduce/random_outcomes.hpp"

using namespace surf;
using namespace surf::reduce;
using namespace surf::test;

namespace
{

PairedStatistics merged(PairedStatistics left, PairedStatistics const& right)
{
    left.merge(right);
    return left;
}

TrialOutcome outcome(std::int64_t number, bool success, double pixel_error)
{
    TrialOutcome result;
    result.trial = number;
    result.success = success;
    result.pixel_error = pixel_error;
    return result;
}

}  // namespace

TEST_CASE("trials are paired by their number, in whatever order they come", "[paired]")
{
    double const nan = std::nan("");
    std::vector<TrialOutcome> const method = {outcome(7, true, 0.1),  outcome(2, true, 0.2),
                                              outcome(5, false, 0.3), outcome(4, true, 0.4),
                                              outcome(1, false, nan), outcome(9, true, 0)};
    std::vector<TrialOutcome> const adam = {outcome(1, false, nan), outcome(2, false, 0.1),
                                            outcome(3, true, 0.1),  outcome(4, false, nan),
                                            outcome(5, true, 0.3),  outcome(7, true, 0.2)};
    PairedStatistics expected;
    expected.both = 1;                 // 7
    expected.method_only = 2;          // 2, 4
    expected.adam_only = 1;            // 5
    expected.neither = 1;              // 1
    expected.pixel_error_smaller = 2;  // 7, 4: adam has none
    expected.pixel_error_larger = 1;   // 2
    expected.pixel_error_equal = 2;    // 5, and 1: neither has one
    PairedStatistics const paired = paired_statistics(method, adam);
    CHECK((paired == expected));
    CHECK(paired.pairs() == 5);
    CHECK(paired.mcnemar_p() == sign_test_p(2, 1));
    CHECK(paired.pixel_error_p() == sign_test_p(2, 1));
    CHECK((paired_statistics(method, {}) == PairedStatistics{}));
}

TEST_CASE("merging pairs is associative and commutative", "[paired]")
{
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    auto method = random_outcomes(seed, 300, 0.8);
    auto adam = random_outcomes(seed + 1, 280, 0.5);
    PairedStatistics const whole = paired_statistics(method, adam);
    CHECK(whole.pairs() == 280);
    std::shuffle(method.begin(), method.end(), std::mt19937(seed));
    std::shuffle(adam.begin(), adam.end(), std::mt19937(seed + 2));
    auto const part = [&](std::ptrdiff_t from, std::ptrdiff_t to) {
        return paired_statistics({method.begin() + from, method.begin() + to}, adam);
    };
    PairedStatistics const a = part(0, 31);
    PairedStatistics const b = part(31, 200);
    PairedStatistics const c = part(200, 300);
    CHECK((merged(merged(a, b), c) == whole));
    CHECK((merged(a, merged(b, c)) == whole));
    CHECK((merged(c, merged(b, a)) == whole));
    CHECK((merged(PairedStatistics{}, a) == a));
}

TEST_CASE("scipy and exact sums find the p-values of the sign test", "[paired]")
{
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 engine(seed);
    std::vector<std::pair<std::int64_t, std::int64_t>> counts = {
        {0, 0},           {1, 0},           {0, 5},     {4, 4},           {4, 5},
        {4, 6},           {30, 4},          {0, 300},   {150, 151},       {120, 180},
        {49'000, 51'000}, {50'000, 50'000}, {1, 1'000}, {49'999, 50'001}, {48'000, 52'000},
        {0, 1'074},       {0, 100'000}};
    for (int i = 0; i < 200; ++i)
    {
        std::int64_t const n = std::uniform_int_distribution(1, i < 150 ? 400 : 100'000)(engine);
        std::int64_t const a = std::binomial_distribution(n, 0.5 + 0.001 * (i % 50))(engine);
        counts.emplace_back(a, n - a);
    }
    ScratchFolder const folder;
    std::ofstream file(folder.path / "p.txt");
    file.precision(17);
    for (auto const& [a, b] : counts)
    {
        file << a << ' ' << b << ' ' << sign_test_p(a, b) << '\n';
    }
    file.close();
    python(R"(
import numpy as np
from fractions import Fraction
from math import comb
from scipy.stats import binomtest

worst = exact_worst = 0
for line in open(path):
    a, b, p = int(line.split()[0]), int(line.split()[1]), float(line.split()[2])
    n, k = a + b, min(a, b)
    expected = binomtest(a, n).pvalue if n else 1.0
    if expected > 1e-290:
        worst = max(worst, abs(p / expected - 1))
    else:
        assert 0 <= p < 1e-280, line
    if n <= 400 or k <= 1:
        exact = min(Fraction(1), 2 * Fraction(sum(comb(n, i) for i in range(k + 1)), 2**n))
        if exact > Fraction(1, 10**300):
            exact_worst = max(exact_worst, abs(float(Fraction(p) / exact - 1)))
print(worst, exact_worst)
assert worst < 1e-10 and exact_worst < 1e-13, (worst, exact_worst)
)",
           folder.path / "p.txt");
}
