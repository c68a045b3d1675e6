#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace surf
{

/// Prepares spdlog's default logger, which all code uses: standard error, "date and time [rank]
/// level text".
/// Levels: trace, debug, info, warn, error, off. Throws InputError on any other.
void setup_logging(int rank, std::string const& level);

}  // namespace surf
