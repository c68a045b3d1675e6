#pragma once

#include <string>

/// Documents made from the tables of commands, options and keys.
namespace surf::app
{

/// docs/keys.md: every key with what it accepts and its default.
std::string keys_page();

/// The manual page, in the macros of man(7).
std::string man_page();

/// Completion of commands, options, names and files for bash.
std::string bash_completion();

}  // namespace surf::app
