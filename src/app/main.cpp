#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/name_table.hpp"
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

ExitCode help_command(Options const&)
{
    fmt::print("{}", help_text());
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
        case Command::version:
            return version_command(options);
        case Command::help:
            return help_command(options);
    }
    return ExitCode::internal_error;
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
        return dispatch(options);
    }
    catch (Error const& error)
    {
        // Every process refuses the same command line: one says so.
        if (started || rank() == 0)
        {
            fmt::print(stderr, "surf_sweep: error: {}\n", error.what());
        }
        return error.code();
    }
    catch (std::filesystem::filesystem_error const& error)
    {
        fmt::print(stderr, "surf_sweep: error: {}\n", error.what());
        return exit_code_of(error);
    }
    catch (std::exception const& error)
    {
        fmt::print(stderr,
                   "surf_sweep: internal error: {} (this is a bug) please report it with the "
                   "command and the output of surf_sweep version\n",
                   error.what());
        return ExitCode::internal_error;
    }
}

}  // namespace
}  // namespace surf::app

int main(int argc, char** argv)
{
    surf::model::prepare_heap();
    return static_cast<int>(surf::app::run_main({argv + 1, argv + argc}));
}
