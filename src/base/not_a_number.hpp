#pragma once

#include <limits>

namespace surf
{

/// What stands for a number that does not exist.
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace surf
