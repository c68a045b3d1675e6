#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "spec/cell.hpp"

/// Blocks that were broken off: unfinished/<block id>.h5, private to the program.
namespace surf::store
{

/// Publishes where the search of a block stands, as the engine puts it, in the place of what was
/// there. Throws EnvironmentError.
void write_block_state(std::filesystem::path const& output, BlockSpec const& spec,
                       std::vector<std::uint8_t> const& state);

/// Where it stood; empty if it was not begun. A damaged file is set aside (renamed to *.bad) with
/// a warning: the block is computed from the start.
std::optional<std::vector<std::uint8_t>> find_block_state(std::filesystem::path const& output,
                                                          BlockSpec const& spec);

/// What any such file holds. Throws FileError if it is damaged or of another block than its name
/// says.
std::vector<std::uint8_t> read_block_state(std::filesystem::path const& path);

/// Sets it aside for a reason that its reader found.
void set_aside_block_state(std::filesystem::path const& output, BlockSpec const& spec,
                           std::string_view reason);

/// Of a block that is stored as a segment now. What cannot be removed is left.
void remove_block_state(std::filesystem::path const& output, BlockSpec const& spec);

}  // namespace surf::store
