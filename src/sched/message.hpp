#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/exit_code.hpp"
#include "sched/ledger.hpp"

namespace surf::sched
{

// From a worker to rank 0. ------------------------------------------------------------------------

/// Asks for work. The answer is a Lease or a TrainingLease as soon as there is something to do, or
/// Finish; until then the worker need not ask again.
struct WorkRequest
{
    std::optional<ChainIndex> held;  ///< the chain that the worker has open
    int most = 1;                    ///< blocks
    friend bool operator==(WorkRequest const&, WorkRequest const&) = default;
};

/// The block's outcomes are stored.
struct BlockDone
{
    BlockIndex block;
    friend bool operator==(BlockDone const&, BlockDone const&) = default;
};

struct BlockFailed
{
    BlockIndex block;
    ExitCode code = ExitCode::internal_error;  ///< what kind of failure it was
    bool chain_damaged = false;  ///< its chain was found damaged, and can be made again
    std::string reason;          ///< the first 1,000 bytes are sent
    friend bool operator==(BlockFailed const&, BlockFailed const&) = default;
};

/// The chain that the worker was to train is published.
struct ChainPublished
{
    ChainIndex chain;
    friend bool operator==(ChainPublished const&, ChainPublished const&) = default;
};

/// Another job trains the chain.
struct ChainBusy
{
    ChainIndex chain;
    friend bool operator==(ChainBusy const&, ChainBusy const&) = default;
};

struct ChainFailed
{
    ChainIndex chain;
    /// What the run is to end with if no other rank does better; none if the training itself has
    /// failed, which is a finding.
    std::optional<ExitCode> ends_run;
    std::string reason;  ///< the first 1,000 bytes are sent
    friend bool operator==(ChainFailed const&, ChainFailed const&) = default;
};

/// How far a training is; now and then.
struct TrainingStep
{
    ChainIndex chain;
    std::int64_t done = 0;
    std::int64_t steps = 0;
    friend bool operator==(TrainingStep const&, TrainingStep const&) = default;
};

/// The worker's last message. What it still holds goes back, at no attempt's cost.
struct Goodbye
{
    friend bool operator==(Goodbye const&, Goodbye const&) = default;
};

using Report = std::variant<WorkRequest, BlockDone, BlockFailed, ChainPublished, ChainBusy,
                            ChainFailed, TrainingStep, Goodbye>;

// From rank 0 to a worker. ------------------------------------------------------------------------

struct Lease
{
    std::vector<LeasedBlock> blocks;  ///< never empty
    friend bool operator==(Lease const&, Lease const&) = default;
};

/// A chain to train.
struct TrainingLease
{
    ChainIndex chain;
    friend bool operator==(TrainingLease const&, TrainingLease const&) = default;
};

/// No more work: the worker reports what it still has to say, then Goodbye.
enum class Finish : int
{
    all_done,
    stopped,  ///< by a signal or an error: what is not stored is for the next run
};

using Order = std::variant<Lease, TrainingLease, Finish>;

}  // namespace surf::sched
