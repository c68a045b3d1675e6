#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/folder_lock.hpp"
#include "chain/chain.hpp"

namespace surf::chain
{

class ChainFileReader;

/// A chain in the making: the private folder <chains>/<id>.partial/.
///
/// Each snapshot and each trainer state is a file of its own, published whole (snapshot-00007.h5,
/// state.h5), so a killed trainer loses at most the work since the last state. finish() gathers
/// the snapshots into <chains>/<id>.h5 and removes the folder. If the training diverges, the folder
/// stays, with the reason in diverged.txt. A lock in the folder keeps other
/// processes out, so that jobs which share a folder of chains never train the same one at a time.
class PartialChain
{
  public:
    /// Opens or makes the folder. Files in it that are damaged or of another configuration are set
    /// aside (renamed to *.bad) with a warning; what a killed writer left unpublished is removed.
    /// Reads every snapshot once. What mark_diverged() noted is gone: training is taken up again.
    /// Throws EnvironmentError if another process trains this chain.
    PartialChain(std::filesystem::path const& chains, ChainHeader header);

    /// The state to go on from; empty if training starts at the beginning. A state whose earlier
    /// snapshots are not all there is set aside.
    std::optional<TrainerState> load_state();

    /// Throws DivergedError naming what is not finite.
    void write_snapshot(Snapshot const& snapshot);
    /// As above.
    void write_state(TrainerState const& state);
    /// Notes for all who look at the folder why the training came to nothing.
    void mark_diverged(std::string const& reason);
    /// Throws FileError if the snapshot is missing or damaged.
    Snapshot read_snapshot(std::int64_t index) const;

    /// Gathers snapshots 0 … T, and removes the folder. Throws FileError if one is missing or
    /// damaged.
    void finish();
    /// Removes the folder with all that is in it.
    void discard();

  private:
    std::filesystem::path snapshot_path(std::int64_t index) const;
    std::filesystem::path state_path() const;
    ChainFileReader open_snapshot(std::int64_t index) const;
    TrainerState read_state() const;

    std::filesystem::path chains_;
    ChainHeader header_;
    std::filesystem::path folder_;
    std::unique_ptr<FolderLock> lock_;
};

/// Why the training of a chain came to nothing; empty if it did not, or was taken up again.
std::optional<std::string> divergence(std::filesystem::path const& chains, ChainId const& id);

/// Removes the folder of a chain that is finished, which a process left that was killed at the end
/// of finish().
void remove_remains(std::filesystem::path const& chains, ChainId const& id);

}  // namespace surf::chain
