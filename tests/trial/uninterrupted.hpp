#pragma once

#include "trial/checkpoint.hpp"

namespace surf::trial
{

/// For searches that are not broken off.
inline Checkpoint& uninterrupted()
{
    static Checkpoint never;
    return never;
}

}  // namespace surf::trial
