#pragma once

#include <string>
#include <vector>

namespace surf::app
{

/// What `help` prints: usage, commands, and what topics there are.
std::string help_text();

/// The topics of `help TOPIC`.
std::vector<std::string> help_topics();

/// What `help TOPIC` prints: a command, a section of the job file, all keys, the choices among
/// models, methods and so on, exit codes, or a document (reference.hpp). Throws InputError naming
/// the topics if it is none.
std::string help_text(std::string const& topic);

}  // namespace surf::app
