#pragma once

#include "app/job/options.hpp"
#include "base/exit_code.hpp"

/// The subcommands, one file each. They print on standard output, log on standard error and throw
/// surf::Error with the exit code of what went wrong. Only run, train and surface may be started
/// on several ranks.
namespace surf::app
{

/// Of run; of train, a run of the chains alone; of surface, a run without the trials.
ExitCode run_command(Options const& options);
ExitCode plan_command(Options const& options);
ExitCode status_command(Options const& options);
ExitCode show_command(Options const& options);
ExitCode reduce_command(Options const& options);
ExitCode theory_command(Options const& options);
ExitCode validate_command(Options const& options);
ExitCode import_command(Options const& options);
ExitCode export_command(Options const& options);
ExitCode version_command(Options const& options);

}  // namespace surf::app
