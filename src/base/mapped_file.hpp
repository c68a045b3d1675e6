#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace surf
{

/// `size` bytes of an open file from `offset` on, as memory to be read: the system's own copy of
/// the file, which all processes of a machine share. They stay when the descriptor is closed or the
/// file is removed.
///
/// Null if there are none, if the file ends before or if the system does not map it; errors of the
/// disk and a file that is cut short later end the process.
std::shared_ptr<std::byte const> map_file(int descriptor, std::uint64_t offset, std::size_t size);

}  // namespace surf
