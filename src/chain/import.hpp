#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "chain/chain.hpp"

/// Chains of generators that were trained elsewhere.
namespace surf::chain
{

/// A file of tensors (read_checkpoint()) and when in the training it was written.
struct Checkpoint
{
    std::int64_t step = 0;
    std::filesystem::path path;
};

/// What import_chain() did.
struct Imported
{
    ChainId id;
    std::filesystem::path path;
    bool was_there = false;         ///< the same chain was at `path` already; nothing was written
    std::set<std::string> ignored;  ///< names of tensors that the network does not need
};

/// Reads the arrays of one checkpoint that the generator needs, in its order. Throws FileError
/// naming file and tensor if one is missing, of another shape or not finite.
Parameters read_arrays(GeneratorSpec const& generator, std::filesystem::path const& checkpoint);

/// Writes a chain of at least one checkpoint to a file, or as <id>.h5 to a folder that is there.
/// Reads every checkpoint twice, one at a time: the id is that of their content.
///
/// Throws InputError if the generator is not valid; FileError as read_arrays(), if a program's
/// tensors change their shape, and rather than overwrite a file that is not this very chain.
Imported import_chain(GeneratorSpec const& generator, std::string const& origin,
                      std::vector<Checkpoint> const& checkpoints,
                      std::filesystem::path const& output);

}  // namespace surf::chain
