#pragma once

#include <sched.h>

#include <vector>

#include "mpi/communicator.hpp"
#include "sched/trainings.hpp"

namespace surf::app
{

/// The cores that mpirun or Slurm gave to this rank, and to all ranks of this node together.
///
/// mpirun binds a rank to one core, but a training uses several threads: it borrows the cores of
/// its node's other ranks, of which many are idle while they wait for the first chain.
class NodeCores
{
  public:
    /// Collective.
    explicit NodeCores(mpi::Communicator const& communicator);

    /// The calling thread, and those that it starts meanwhile, may use all cores.
    class Loan
    {
      public:
        explicit Loan(NodeCores const& cores) : cores_(cores) { use(cores_.all_); }
        ~Loan() { use(cores_.own_); }
        Loan(Loan const&) = delete;
        Loan& operator=(Loan const&) = delete;

      private:
        NodeCores const& cores_;
    };
    [[nodiscard]] Loan borrow_all() const { return Loan(*this); }

    /// Of every rank: its node, by the first rank there, and how many cores this node has.
    std::vector<sched::RankPlace> const& places() const { return places_; }
    /// How many nodes the ranks are on.
    std::size_t nodes() const;

  private:
    static void use(cpu_set_t const& cores);

    cpu_set_t own_;
    cpu_set_t all_;
    std::vector<sched::RankPlace> places_;
};

}  // namespace surf::app
