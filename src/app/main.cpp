#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
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

namespace surf::app
{
namespace
{

/// A number that mpirun or srun leaves in the environment of the processes it starts.
int launched_with(std::initializer_list<char const*> names, int otherwise)
{
    for (char const* const name : names)
    {
        if (char const* const value = std::getenv(name))
        {
            return std::atoi(value);
        }
    }
    return otherwise;
}

int rank()
{
    return launched_with({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}, 0);
}

void require_one_process(Command command)
{
    int const processes = launched_with({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}, 1);
    if (processes > 1)
    {
        throw InputError(fmt::format(
            "{}: started as {} processes (they would disturb each other); start it without mpirun",
            name_of(command_table, command), processes));
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
        case Command::surface:
            return run_command(options);
        case Command::theory:
            return theory_command(options);
        case Command::plan:
            return plan_command(options);
        case Command::status:
            return status_command(options);
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
    bool started = false;
    try
    {
        Options const options = parse_options(arguments);
        setup_logging(rank(), options.log_level);
        if (options.command != Command::run && options.command != Command::surface)
        {
            require_one_process(options.command);
        }
        started = true;
        ExitCode code{};
        naming_memory([&] { code = dispatch(options); });
        require_printed();
        return code;
    }
    catch (Error const& error)
    {
        // Every process refuses the same command line: one says so.
        if (started || rank() == 0)
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
