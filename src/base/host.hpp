#pragma once

#include <string>

namespace surf
{

/// This machine's name, as gethostname gives it.
std::string host_name();

}  // namespace surf
