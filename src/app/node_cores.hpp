#pragma once

#include <sched.h>

#include "mpi/communicator.hpp"

namespace surf::app
{

/// The cores that mpirun or Slurm gave to this rank, and to all ranks of this node together.
///
/// While rank 0 trains, the other ranks of its node have nothing to do, but their cores are not
/// among those that rank 0 was bound to: the training thread borrows them.
class NodeCores
{
  public:
    /// Collective.
    explicit NodeCores(mpi::Communicator const& communicator);

    /// For the calling thread and those that it starts from then on.
    void use_all() const { use(all_); }
    void use_own() const { use(own_); }

  private:
    static void use(cpu_set_t const& cores);

    cpu_set_t own_;
    cpu_set_t all_;
};

}  // namespace surf::app
