#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sched/transport.hpp"

namespace surf::sched
{

/// Rank 0's bookkeeping: reports go into the ledger, requests are answered when work is ready.
///
/// A request that finds nothing is parked and answered later, so idle workers send no traffic.
/// Rank 0 itself leases blocks from the ledger and chains from lease_training(), and reports
/// through take().
class Dispatcher
{
  public:
    Dispatcher(Ledger& ledger, CoordinatorLink& coordinator);

    /// Takes all reports that have arrived, then answers the requests that can be. Never waits.
    /// Returns whether there was anything to do, for the caller's back-off.
    bool serve();
    /// One report, of any rank.
    void take(Rank from, Report const& report);
    /// A chain for this rank to train, if there is one; noted as under way.
    std::optional<ChainIndex> lease_training(Rank rank);
    /// Tells all workers to end; from now on no request is answered. Serve on until no worker is
    /// left: their last reports still count. Tells them once, however often it is called.
    void finish(Finish how);

    /// How blocks failed, at their last attempt so far.
    std::map<BlockIndex, BlockFailed> const& failures() const { return failures_; }
    /// What each rank that trains was last heard of.
    std::map<Rank, TrainingStep> const& trainings() const { return trainings_; }
    /// The chains whose training failed.
    std::vector<ChainFailed> const& failed_chains() const { return failed_chains_; }
    /// A failed training that ends the run, if there was one: what failed on two ranks, or on the
    /// only one, would fail on others.
    std::optional<ChainFailed> const& fatal() const { return fatal_; }

  private:
    void block_failed(Rank from, BlockFailed const& failed);
    void chain_failed(Rank from, ChainFailed const& failed);
    bool answer_parked();
    std::optional<Order> order_for(Rank rank, WorkRequest const& request);

    Ledger& ledger_;
    CoordinatorLink& link_;
    std::map<Rank, WorkRequest> parked_;
    std::map<BlockIndex, BlockFailed> failures_;
    std::map<Rank, TrainingStep> trainings_;
    std::vector<ChainFailed> failed_chains_;
    std::optional<ChainFailed> fatal_;
    bool finishing_ = false;
};

}  // namespace surf::sched
