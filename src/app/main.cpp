#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/job/help.hpp"
#include "app/out_of_memory.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/name_table.hpp"
#include "base/wait_policy.hpp"
#include "model/heap.hpp"
#include "mpi/launch.hpp"

namespace surf::app
{
namespace
{

/// Throws if the processes that were started together cannot do this command together.
void require_launched_for(Command command, mpi::Launch const& launch)
{
    if (runs_on_ranks(command))
    {
        mpi::require_connected(launch);
    }
    else if (launch.size > 1)
    {
        throw InputError(fmt::format(
            "{}: started as {} processes (they would disturb each other); start it alone",
            name_of(command_table, command), launch.size));
    }
}

ExitCode help_command(Options const& options)
{
    fmt::print("{}", options.help_topic.empty() ? help_text() : help_text(options.help_topic));
    return ExitCode::success;
}

ExitCode dispatch(Options const& options)
{
    switch (options.command)
    {
        case Command::run:
        case Command::train:
        case Command::surface:
            return run_command(options);
        case Command::theory:
            return theory_command(options);
        case Command::plan:
            return plan_command(options);
        case Command::status:
            return status_command(options);
        case Command::show:
            return show_command(options);
        case Command::reduce:
            return reduce_command(options);
        case Command::validate:
            return validate_command(options);
        case Command::import_chain:
            return import_command(options);
        case Command::export_snapshot:
            return export_command(options);
        case Command::version:
            return version_command(options);
        case Command::help:
            return help_command(options);
    }
    return ExitCode::internal_error;
}

/// What was printed may still be on its way, and a full disk may have swallowed it.
void require_printed()
{
    errno = 0;
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    {
        throw EnvironmentError(
            fmt::format("cannot write to standard output: {}; check where it goes to",
                        std::strerror(errno != 0 ? errno : EIO)));
    }
}

/// Says it, if anybody can hear: the exit code tells in any case.
void complain(std::string const& kind, std::string const& what)
{
    std::fputs(fmt::format("surf_sweep: {}: {}\n", kind, what).c_str(), stderr);
}

ExitCode run_main(std::vector<std::string> const& arguments)
{
    mpi::Launch const launch = mpi::find_launch();
    bool started = false;
    try
    {
        Options const options = parse_options(arguments);
        setup_logging(launch.rank, options.log_level);
        require_launched_for(options.command, launch);
        started = true;
        ExitCode code{};
        naming_memory([&] { code = dispatch(options); });
        require_printed();
        return code;
    }
    catch (Error const& error)
    {
        // Every process refuses the same command line: one says so.
        if (started || launch.rank == 0)
        {
            complain("error", error.what());
        }
        return error.code();
    }
    catch (std::system_error const& error)
    {
        complain("error", error.what());
        return exit_code_of(error);
    }
    catch (std::exception const& error)
    {
        complain("internal error",
                 fmt::format("{} (this is a bug) please report it with the command "
                             "and the output of surf_sweep version",
                             error.what()));
        return ExitCode::internal_error;
    }
}

}  // namespace
}  // namespace surf::app

int main(int argc, char** argv)
{
    surf::settle_threads(argv);
    surf::model::prepare_heap();
    return static_cast<int>(surf::app::run_main({argv + 1, argv + argc}));
}
