#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/id.hpp"
#include "spec/cell.hpp"
#include "store/segment.hpp"

/// Packs: packs/<pack id>.h5 stands for the segments of many blocks, so that millions of trials are
/// thousands of files.
namespace surf::store
{

/// Consecutive blocks of one cell, all of one size, with one budget.
struct PackSpec
{
    CellSpec cell;
    std::int64_t first = 0;       ///< number of the first trial
    std::int64_t block_size = 0;  ///< trials of each block
    std::int64_t blocks = 0;
    Budget budget;

    /// Follows from all of it, so that a file's name says which blocks are stored.
    PackId id() const;
    /// Block 0, 1, … blocks − 1.
    BlockSpec block(std::int64_t number) const;
};

/// packs/<pack id>.h5
std::filesystem::path pack_path(std::filesystem::path const& output, PackId const& id);

/// Publishes the segments of a pack's blocks, in their order, whole as one file, or throws
/// EnvironmentError.
void write_pack(std::filesystem::path const& output, PackSpec const& spec,
                std::vector<Segment> const& segments);

/// The segments of its blocks, bit for bit as they were put in. Throws FileError if the file is
/// damaged or says that it is another pack than its name.
std::vector<Segment> read_pack(std::filesystem::path const& path);
/// The same, and that it is this pack.
std::vector<Segment> read_pack(std::filesystem::path const& path, PackSpec const& spec);

/// The segments of a pack if it is there and sound.
std::optional<std::vector<Segment>> find_pack(std::filesystem::path const& output,
                                              PackSpec const& spec,
                                              OnDamage damage = OnDamage::set_aside);

/// The segments of the first `wanted` blocks of a pack that are stored, in it or each in a file of
/// its own, in their order.
std::vector<Segment> find_blocks(std::filesystem::path const& output, PackSpec const& spec,
                                 std::int64_t wanted, OnDamage damage = OnDamage::set_aside);

/// What pack_blocks() came to.
enum class Packing
{
    done,
    incomplete,  ///< a block is not stored, or was damaged and is set aside
};

/// Puts blocks that have files of their own together in a pack, unless there is a sound one, and
/// then removes these files. Only for who holds the folder's lock. Killed at any moment it leaves
/// every block in one place at least; what is left to do then is done by the next call. Throws
/// EnvironmentError.
Packing pack_blocks(std::filesystem::path const& output, PackSpec const& spec);

}  // namespace surf::store
