#pragma once

#include <filesystem>
#include <string>

#include "app/job/setting.hpp"

namespace surf::app
{

/// Whether a job file gives the text of a path back as it is.
bool can_stand_in_job_file(std::string const& path);

/// The path, with the home folder for "~" before its first "/". Throws InputError for what looks
/// like a shell's variable, quotes or a comment: no shell reads a job file, so a folder of that
/// very name would be made.
std::filesystem::path read_path(Setting const& setting);

}  // namespace surf::app
