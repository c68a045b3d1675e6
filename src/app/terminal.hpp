#pragma once

#include <cstddef>
#include <limits>

namespace surf::app
{

/// A width that no text reaches.
inline constexpr std::size_t any_width = std::numeric_limits<std::size_t>::max();

/// Whether people read it as it comes: standard output (1) or standard error (2).
bool is_terminal(int descriptor);

/// Columns of the terminal behind it; any_width if it is none.
std::size_t terminal_width(int descriptor);

/// Brings the cursor of a terminal to the begin of its line, and clears that.
inline constexpr char const* clear_line = "\r\033[K";
/// Clears a terminal.
inline constexpr char const* clear_screen = "\033[H\033[2J";

}  // namespace surf::app
