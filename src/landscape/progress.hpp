#pragma once

#include <cstdint>
#include <functional>

namespace surf::landscape
{

/// Told how much of the work is done: parts done, and parts in all.
using Progress = std::function<void(std::int64_t done, std::int64_t parts)>;

}  // namespace surf::landscape
