#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/named_array.hpp"

/// For the sources of this folder only: what readers of checkpoints from elsewhere share.
namespace surf::chain
{

/// Throws FileError "PATH: tensor NAME PROBLEM".
[[noreturn]] void fail_tensor(std::filesystem::path const& path, std::string_view name,
                              std::string const& problem);

/// Bytes of a tensor; empty if an extent is negative or they are more than a file can hold.
std::optional<std::uint64_t> byte_count(std::vector<std::int64_t> const& shape,
                                        std::uint64_t element_size);

/// Whether it is batch norm's count of training batches, which no generator needs.
bool is_batch_counter(std::string_view name);

/// Throws FileError naming `path` if two have the same name.
void sort_by_name(std::filesystem::path const& path, Parameters& tensors);

}  // namespace surf::chain
