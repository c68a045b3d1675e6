#pragma once

namespace surf::mpi
{

/// How this process was started, by what mpirun, srun and their like leave in its environment: for
/// what is to be known before MPI starts, or without it.
struct Launch
{
    int rank = 0;
    int size = 1;           ///< processes that were started together
    bool connected = true;  ///< a launcher told them how to find each other, or there is one alone
    bool in_step = false;   ///< srun started it
};

Launch find_launch();

/// Throws Error with ExitCode::not_connected, naming launchers to use, if it is one of several
/// processes that would each take itself for the only one.
void require_connected(Launch const& launch);

}  // namespace surf::mpi
