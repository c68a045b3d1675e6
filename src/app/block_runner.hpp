#pragma once

#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "app/run_context.hpp"
#include "base/error.hpp"
#include "chain/reader.hpp"
#include "sched/ledger.hpp"
#include "spec/outcome.hpp"
#include "trial/checkpoint.hpp"

namespace surf::app
{

/// The file of a block's chain is damaged or gone, whatever it was when the run began.
class DamagedChainError : public FileError
{
  public:
    using FileError::FileError;
};

/// Throws EnvironmentError if the run's output folder is gone, or no segment can be written there.
void require_room_for_segments(std::filesystem::path const& output);

/// Computes leased blocks and stores their segments. Keeps the last block's chain open. A block
/// that is broken off goes on where it was, bit for bit, whoever takes it up.
class BlockRunner
{
  public:
    explicit BlockRunner(RunContext const& context);

    /// Throws DamagedChainError, EnvironmentError, Interrupted.
    void run(sched::LeasedBlock const& lease, std::stop_token const& stop);
    /// The chain that is open; not to be asked while a block runs.
    std::optional<sched::ChainIndex> held() const { return held_; }

  private:
    std::vector<TrialOutcome> compute(BlockSpec const& spec, sched::ChainIndex chain,
                                      std::stop_token const& stop);
    /// Where an earlier run left the block.
    trial::SearchState found_state(BlockSpec const& spec) const;
    trial::Checkpoint checkpoint_of(BlockSpec const& spec, std::stop_token const& stop) const;
    void open(sched::ChainIndex chain, std::stop_token const& stop);

    RunContext const& context_;
    std::string device_text_;
    std::optional<sched::ChainIndex> held_;
    std::set<sched::ChainIndex> looked_for_;  ///< another node may have made them just now
    std::optional<chain::Reader> reader_;
};

/// "dcgan k=5 inversion surfing, trials 0 to 24": a block in log lines.
std::string describe(Plan const& plan, sched::BlockIndex block);

}  // namespace surf::app
