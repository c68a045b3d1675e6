#pragma once

#include <string>

namespace surf::app
{

/// Prints to standard output at once. If nobody reads there any more (a pipe that was closed), it
/// and all that follows is dropped: no reason for a run to end. Throws EnvironmentError if it
/// cannot be written for another reason. Needs SIGPIPE to be ignored.
void print_if_read(std::string const& text);

}  // namespace surf::app
