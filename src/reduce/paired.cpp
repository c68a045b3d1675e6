#include "reduce/paired.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/contract.hpp"

namespace surf::reduce
{

namespace
{

double comparable(double error)
{
    return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

/// C(n, k) · 2^exponent, multiplied up so that nothing overflows on the way.
double scaled_binomial(std::int64_t n, std::int64_t k, std::int64_t exponent)
{
    double mantissa = 1;
    for (std::int64_t i = 1; i <= k; ++i)
    {
        int shift = 0;
        mantissa = std::frexp(mantissa * (static_cast<double>(n - i + 1) / static_cast<double>(i)),
                              &shift);
        exponent += shift;
    }
    constexpr std::int64_t surely_zero = -5000;  // ldexp takes an int
    return std::ldexp(mantissa, static_cast<int>(std::max(exponent, surely_zero)));
}

}  // namespace

double sign_test_p(std::int64_t a, std::int64_t b)
{
    EXPECT(a >= 0 && b >= 0);
    std::int64_t const n = a + b;
    std::int64_t const k = std::min(a, b);
    if (2 * k >= n - 1)
    {
        return 1;  // the two tails meet
    }
    // The tail from its largest term downwards, in units of it, until a term no longer counts.
    double sum = 1;
    double term = 1;
    for (std::int64_t i = k; i > 0 && sum + term != sum; --i)
    {
        term *= static_cast<double>(i) / static_cast<double>(n - i + 1);
        sum += term;
    }
    return std::min(1.0, 2 * sum * scaled_binomial(n, k, -n));
}

void PairedStatistics::add(TrialOutcome const& method, TrialOutcome const& adam)
{
    EXPECT(method.trial == adam.trial);
    ++(method.success ? (adam.success ? both : method_only) : (adam.success ? adam_only : neither));
    double const here = comparable(method.pixel_error);
    double const there = comparable(adam.pixel_error);
    ++(here < there ? pixel_error_smaller : here > there ? pixel_error_larger : pixel_error_equal);
}

void PairedStatistics::merge(PairedStatistics const& other)
{
    both += other.both;
    method_only += other.method_only;
    adam_only += other.adam_only;
    neither += other.neither;
    pixel_error_smaller += other.pixel_error_smaller;
    pixel_error_larger += other.pixel_error_larger;
    pixel_error_equal += other.pixel_error_equal;
}

PairedStatistics paired_statistics(std::vector<TrialOutcome> const& method,
                                   std::vector<TrialOutcome> const& adam)
{
    std::map<std::int64_t, TrialOutcome const*> partners;
    for (TrialOutcome const& outcome : adam)
    {
        bool const is_new = partners.emplace(outcome.trial, &outcome).second;
        EXPECT(is_new);
    }
    PairedStatistics statistics;
    for (TrialOutcome const& outcome : method)
    {
        if (auto const partner = partners.find(outcome.trial); partner != partners.end())
        {
            statistics.add(outcome, *partner->second);
        }
    }
    return statistics;
}

}  // namespace surf::reduce
