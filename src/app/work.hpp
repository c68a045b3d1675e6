#pragma once

#include "app/rank_report.hpp"
#include "app/run_context.hpp"
#include "mpi/communicator.hpp"

namespace surf::app
{

/// Every other rank: leases blocks and trainings from rank 0, computes them in its compute thread
/// and reports, until rank 0 says that all is done or a signal stops the run. Returns how busy it
/// was.
BusyTime work(RunContext const& context, mpi::Communicator const& communicator);

}  // namespace surf::app
