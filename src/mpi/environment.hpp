#pragma once

#include <string>

#include "base/exit_code.hpp"

namespace surf::mpi
{

/// MPI, from construction to destruction: one object a process, in main, before all communicators.
///
/// Level MPI_THREAD_FUNNELED: only the thread that made this object calls MPI. Errors return, so
/// that check() throws instead of MPI aborting. Throws MpiError if MPI lacks that level.
/// Works without mpirun, as a world of one rank, also as srun's only task.
class Environment
{
  public:
    Environment(int& argc, char**& argv);
    ~Environment();
    Environment(Environment const&) = delete;
    Environment& operator=(Environment const&) = delete;
};

/// Ends every rank at once with this exit code: for failures that the others cannot know of. A
/// rank that merely returned would leave them waiting for ever.
[[noreturn]] void abort(ExitCode code);

/// "Open MPI v4.1.4, …" on one line, for provenance.
std::string library_version();

}  // namespace surf::mpi
