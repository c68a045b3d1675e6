#pragma once

#include <map>
#include <string>

#include "sched/transport.hpp"

namespace surf::sched
{

/// Rank 0's bookkeeping: reports go into the ledger, requests are answered when work is ready.
///
/// A request that finds nothing is parked and answered later, so idle workers send no traffic.
/// Rank 0's own compute leases from the ledger directly and reports through take().
class Dispatcher
{
  public:
    Dispatcher(Ledger& ledger, CoordinatorLink& coordinator);

    /// Takes all reports that have arrived, then answers the requests that can be. Never waits.
    /// Returns whether there was anything to do, for the caller's back-off.
    bool serve();
    /// One report, of any rank.
    void take(Rank from, Report const& report);
    /// Tells all workers to end; from now on no request is answered. Serve on until no worker is
    /// left: their last reports still count. Tells them once, however often it is called.
    void finish(Finish how);

    /// Why blocks failed, at their last attempt so far.
    std::map<BlockIndex, std::string> const& reasons() const { return reasons_; }

  private:
    bool answer_parked();

    Ledger& ledger_;
    CoordinatorLink& link_;
    std::map<Rank, WorkRequest> parked_;
    std::map<BlockIndex, std::string> reasons_;
    bool finishing_ = false;
};

}  // namespace surf::sched
