#pragma once

#include <filesystem>
#include <string>

#include "app/job/job.hpp"

namespace surf::app
{

/// OUTPUT/theory-<id>.h5: the id is the hash of all that affects what is in it.
std::filesystem::path theory_path(Job const& job);

/// What `plan` says of the job's theory: networks, widths and points, and whether its file is
/// there. Empty if the job has experiments and says nothing of theory.
std::string theory_text(Job const& job);

}  // namespace surf::app
