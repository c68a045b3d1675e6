#pragma once

#include <filesystem>

#include "data/images.hpp"

namespace surf::data
{

/// Reads an IDX file of images (format: yann.lecun.com/exdb/mnist), gzipped or plain.
///
/// The file must hold unsigned bytes in three dimensions, or in four with the channels second, all
/// of them and nothing after.
/// Throws EnvironmentError if it cannot be opened, FileError naming the path on anything else.
Images read_idx_images(std::filesystem::path const& path);

}  // namespace surf::data
