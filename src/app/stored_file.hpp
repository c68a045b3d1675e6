#pragma once

#include <filesystem>

namespace surf::app
{

/// Whether a file of ours is there and what its schema says. One that is there but is not sound is
/// set aside (renamed to *.bad) with a warning, so that it is made again.
bool is_stored(std::filesystem::path const& path);

}  // namespace surf::app
