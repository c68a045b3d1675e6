#pragma once

#include <stop_token>

#include "base/error.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// Between any two steps of a search. Throws Interrupted if it is to stop.
inline void require_going_on(std::stop_token const& stop)
{
    if (stop.stop_requested())
    {
        throw Interrupted("stopped in the middle of a block (it is computed again next time)");
    }
}

}  // namespace surf::trial
