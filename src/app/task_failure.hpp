#pragma once

#include <exception>
#include <string>

#include "base/exit_code.hpp"

/// What an exception says that ended a task of the compute thread.
namespace surf::app
{

std::string reason_of(std::exception_ptr const& error);

ExitCode code_of(std::exception_ptr const& error);

/// Whether the task was asked to stop.
bool is_interruption(std::exception_ptr const& error);

/// Whether a block failed because its chain was damaged.
bool is_of_damaged_chain(std::exception_ptr const& error);

/// Whether a chain failed because of its own training, so that others may still do better.
bool is_of_this_chain(std::exception_ptr const& error);

}  // namespace surf::app
