#include "mpi/environment.hpp"

#include <fmt/format.h>
#include <mpi.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdlib>

#include "mpi/check.hpp"
#include "mpi/launch.hpp"

namespace surf::mpi
{

namespace
{

/// Open MPI 4 asks srun for its peers where it sees a job step, and aborts where srun does not
/// answer in its language. Who has no peers need not ask.
void hide_own_step()
{
    Launch const launch = find_launch();
    if (launch.in_step && launch.size == 1)
    {
        ::unsetenv("SLURM_STEP_ID");
    }
}

}  // namespace

Environment::Environment(int& argc, char**& argv)
{
    hide_own_step();
    int provided = MPI_THREAD_SINGLE;
    check(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    if (provided < MPI_THREAD_FUNNELED)
    {
        throw MpiError(
            fmt::format("{} does not provide MPI_THREAD_FUNNELED (compute runs beside "
                        "communication); use an MPI built with threads",
                        library_version()));
    }
}

Environment::~Environment()
{
    if (int const code = MPI_Finalize(); code != MPI_SUCCESS)
    {
        spdlog::error("MPI_Finalize failed with code {}", code);
    }
}

void abort(ExitCode code)
{
    int initialized = 0;
    int finalized = 0;
    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    if (initialized != 0 && finalized == 0)
    {
        MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
    }
    std::_Exit(static_cast<int>(code));
}

std::string library_version()
{
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
    int length = 0;
    check(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
    std::string const version = text.data();
    return version.substr(0, version.find('\n'));
}

}  // namespace surf::mpi
