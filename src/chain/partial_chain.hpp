#pragma once

#include <filesystem>
#include <optional>

#include "chain/chain.hpp"

namespace surf::chain
{

/// A chain in the making: the private folder chains/<id>.partial/.
///
/// Each snapshot and each trainer state is a file of its own, published whole (snapshot-00007.h5,
/// state.h5), so a killed trainer loses at most the work since the last snapshot. finish() gathers
/// the snapshots into chains/<id>.h5 and removes the folder. One process at a time may use it.
class PartialChain
{
  public:
    /// Opens or makes the folder. Files in it that are damaged or of another configuration are set
    /// aside (renamed to *.bad) with a warning; what a killed writer left unpublished is removed.
    /// Reads every snapshot once.
    PartialChain(std::filesystem::path const& output, ChainHeader header);

    /// The state to go on from; empty if training starts at the beginning. A state whose earlier
    /// snapshots are not all there is set aside.
    std::optional<TrainerState> load_state();

    /// Throws DivergedError if a value is not finite.
    void write_snapshot(Snapshot const& snapshot);
    void write_state(TrainerState const& state);

    /// Gathers snapshots 0 … T. Throws FileError if one is missing or damaged.
    void finish();

  private:
    std::filesystem::path snapshot_path(std::int64_t index) const;
    std::filesystem::path state_path() const;
    Snapshot read_snapshot(std::filesystem::path const& path, std::int64_t index) const;
    TrainerState read_state() const;

    std::filesystem::path output_;
    std::filesystem::path folder_;
    ChainHeader header_;
};

}  // namespace surf::chain
