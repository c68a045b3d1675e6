#pragma once

#include <cstdint>

#include "base/random.hpp"

/// Random numbers of other distributions than the streams have.
namespace surf::reduce
{

/// Beta(a, b) for a, b ≥ 1, from two gamma variates (Marsaglia & Tsang 2000).
double draw_beta(RandomStream& stream, double a, double b);

/// How many of n trials succeed, each with probability p, in O(log n): halves the trials at the
/// median of as many uniform numbers, a beta variate (Devroye 1986, X.4.3).
std::int64_t draw_binomial(RandomStream& stream, std::int64_t n, double p);

}  // namespace surf::reduce
