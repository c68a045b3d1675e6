#pragma once

#include <cstdint>
#include <vector>

#include "spec/outcome.hpp"

namespace surf::reduce
{

/// Two-sided p-value of the exact sign test: the chance that of a + b fair coins as few or fewer
/// fall to the rarer side, doubled, at most 1. Relative error below 1e-10 for 1e5 coins; 0 where
/// the value is below the smallest double.
double sign_test_p(std::int64_t a, std::int64_t b);

/// How a method's trials compare with those of Method::adam on the same problem: one pair for each
/// trial number that both have, since they share x*, x_init and A.
///
/// A small value: of parts with different trial numbers, those of the whole are the sum.
struct PairedStatistics
{
    // By which of the two trials succeeded.
    std::int64_t both = 0;
    std::int64_t method_only = 0;
    std::int64_t adam_only = 0;
    std::int64_t neither = 0;
    // By the method's pixel error against adam's; a trial without one counts as +∞.
    std::int64_t pixel_error_smaller = 0;
    std::int64_t pixel_error_larger = 0;
    std::int64_t pixel_error_equal = 0;

    void add(TrialOutcome const& method, TrialOutcome const& adam);
    /// Associative and commutative.
    void merge(PairedStatistics const& other);

    std::int64_t pairs() const { return both + method_only + adam_only + neither; }
    /// McNemar's test (1947) in its exact form: whether the pairs of which one trial succeeded
    /// favour either side.
    double mcnemar_p() const { return sign_test_p(method_only, adam_only); }
    /// Whether the pairs of different pixel errors favour either side; equal ones are left out.
    double pixel_error_p() const { return sign_test_p(pixel_error_smaller, pixel_error_larger); }

    friend bool operator==(PairedStatistics const&, PairedStatistics const&) = default;
};

/// The pairs of two lists of outcomes, each in any order but without a trial twice.
PairedStatistics paired_statistics(std::vector<TrialOutcome> const& method,
                                   std::vector<TrialOutcome> const& adam);

}  // namespace surf::reduce
