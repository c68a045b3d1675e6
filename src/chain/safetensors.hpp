#pragma once

#include <filesystem>

#include "base/named_array.hpp"

/// Files of named tensors in the safetensors format: 8 bytes with the header's length, the header
/// as JSON, the numbers. Nothing in them is code. Numbers are little-endian.
namespace surf::chain
{

/// Reads all tensors of float type (F32, F16, BF16, F64) as float32, sorted by name; integer ones
/// whose name ends in num_batches_tracked are left out.
///
/// Throws EnvironmentError if there is no such file, FileError naming file and tensor if anything
/// in it is wrong or a tensor is of another type.
Parameters read_safetensors(std::filesystem::path const& path);

/// Writes tensors as F32, sorted by name, and publishes the file whole. Names must differ.
void write_safetensors(std::filesystem::path const& path, Parameters const& tensors);

}  // namespace surf::chain
