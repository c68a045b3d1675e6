#include "mpi/launch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <initializer_list>

#include "base/error.hpp"

namespace surf::mpi
{
namespace
{

/// The first of these variables that is set.
char const* find(std::initializer_list<char const*> names)
{
    for (char const* const name : names)
    {
        if (char const* const value = std::getenv(name))
        {
            return value;
        }
    }
    return nullptr;
}

int number(char const* text, int otherwise)
{
    return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace

Launch find_launch()
{
    // mpirun may itself have been started by srun, whose variables are then of other processes.
    if (char const* const size = find({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}))
    {
        return {.rank = number(find({"OMPI_COMM_WORLD_RANK", "PMI_RANK"}), 0),
                .size = number(size, 1)};
    }
    if (find({"SLURM_STEP_ID"}) == nullptr)
    {
        return {.rank = number(find({"PMIX_RANK"}), 0)};
    }
    int const size = number(find({"SLURM_STEP_NUM_TASKS"}), 1);
    return {.rank = number(find({"SLURM_PROCID"}), 0),
            .size = size,
            .connected = size == 1 || find({"PMIX_NAMESPACE"}) != nullptr,
            .in_step = true};
}

void require_connected(Launch const& launch)
{
    if (!launch.connected)
    {
        throw Error(ExitCode::not_connected,
                    fmt::format("srun started {} processes without PMIx (each would take itself "
                                "for the only one) use srun --mpi=pmix, or mpirun, as "
                                "slurm/sweep.sh does",
                                launch.size));
    }
}

}  // namespace surf::mpi
