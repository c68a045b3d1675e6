#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

#include "base/exit_code.hpp"
#include "base/printable.hpp"

namespace surf
{

/// An error that ends a command with its own exit code.
///
/// The text is one printable line: "PROBLEM (WHY IT MATTERS) WHAT TO DO", naming file, key and
/// value.
class Error : public std::runtime_error
{
  public:
    Error(ExitCode code, std::string const& text) : std::runtime_error(printable(text)), code_(code)
    {}

    ExitCode code() const { return code_; }

  private:
    ExitCode code_;
};

/// A value of the command line or the job file that cannot be used.
class InputError : public Error
{
  public:
    explicit InputError(std::string const& text) : Error(ExitCode::bad_input, text) {}
};

/// Something outside the program: data, disk, permissions, devices.
class EnvironmentError : public Error
{
  public:
    explicit EnvironmentError(std::string const& text) : Error(ExitCode::environment, text) {}
};

/// A file that cannot be trusted: damaged, truncated, of another version or of another job.
class FileError : public Error
{
  public:
    explicit FileError(std::string const& text) : Error(ExitCode::bad_file, text) {}
};

/// Work that was asked to stop by a signal before it was done.
class Interrupted : public Error
{
  public:
    explicit Interrupted(std::string const& text) : Error(ExitCode::interrupted, text) {}
};

/// The exit code of a command that ends with this exception.
inline ExitCode exit_code_of(std::exception const& exception)
{
    if (auto const* const error = dynamic_cast<Error const*>(&exception))
    {
        return error->code();
    }
    bool const of_system = dynamic_cast<std::system_error const*>(&exception) != nullptr;
    return of_system ? ExitCode::environment : ExitCode::internal_error;
}

}  // namespace surf
