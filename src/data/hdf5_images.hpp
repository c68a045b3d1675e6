#pragma once

#include <filesystem>
#include <string>

#include "data/images.hpp"

namespace surf::data
{

/// Reads a dataset of images: unsigned bytes, [count × rows × columns] or [count × channels × rows
/// × columns]. Throws EnvironmentError if the file cannot be opened, FileError naming file and
/// dataset on anything else.
Images read_hdf5_images(std::filesystem::path const& path, std::string const& dataset);

}  // namespace surf::data
