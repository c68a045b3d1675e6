#pragma once

#include <cstddef>
#include <string_view>

namespace surf
{

/// Insertions, deletions, replacements and swaps of neighbours from one word to the other
/// (Damerau 1964).
std::size_t edit_distance(std::string_view from, std::string_view to);

/// Whether a word may be a slip for a name: other capitals, - for _, or at most a third of its
/// letters wrong, which are not the first.
bool is_slip(std::string_view word, std::string_view name);

}  // namespace surf
