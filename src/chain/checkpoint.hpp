#pragma once

#include <filesystem>

#include "base/named_array.hpp"

namespace surf::chain
{

/// Reads the tensors of a checkpoint from elsewhere, sorted by name: of a safetensors file, or of
/// an HDF5 file (FILE.h5 or FILE.hdf5, or one group in it as FILE.h5:GROUP) with one float32 or
/// float64 dataset a tensor. Datasets in groups have names like "fc1.weight", one part a group.
///
/// Nothing is unpickled: a pickle is code. Throws EnvironmentError if there is no such file,
/// FileError naming file and tensor for everything else that is wrong.
Parameters read_checkpoint(std::filesystem::path const& path);

}  // namespace surf::chain
