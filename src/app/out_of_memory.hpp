#pragma once

#include <functional>

namespace surf::app
{

/// Calls it and lets pass what it throws, but for one translation: what the standard library and
/// LibTorch's allocators throw where memory is short becomes an EnvironmentError that says how much
/// was asked for, where that is known, and which limits there are.
void naming_memory(std::function<void()> const& task);

}  // namespace surf::app
