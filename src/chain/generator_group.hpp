#pragma once

#include <filesystem>

#include "hdf5/group.hpp"
#include "spec/generator.hpp"

/// For the sources of this folder only.
namespace surf::chain
{

/// Writes what a chain says of its generator as group /generator.
void write_generator(h5::Group& root, GeneratorSpec const& generator);

/// Reads it again. Throws FileError naming `path` and what is wrong.
GeneratorSpec read_generator(h5::Group const& root, std::filesystem::path const& path);

}  // namespace surf::chain
