#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench/session.hpp"

namespace surf::bench
{

/// What the numbers were measured on: date (UTC), host, CPU, device, threads, ranks, versions.
nlohmann::json context_of(Session const& session);

}  // namespace surf::bench
