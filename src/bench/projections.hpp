#pragma once

#include "bench/session.hpp"

namespace surf::bench
{

/// Projections onto polytopes of 20,000 random rows, in microseconds and in readings of the rows:
/// how many products of all rows with one point take as long. Named "projection/k<k>/<what>" for
/// "slight" and "far", one point slightly and far outside, and "walk", a projection of the hundred
/// that projected gradient from inside towards a point outside consists of.
Cases projection_cases();

}  // namespace surf::bench
