#pragma once

#include <chrono>
#include <filesystem>
#include <functional>

namespace surf::app
{

/// How long a shared file system may take to show a file that another node has written.
inline constexpr std::chrono::seconds longest_file_delay{90};

/// Whether the file is there, at once or within this time. Gives up when told to stop.
bool await_file(std::filesystem::path const& path, std::function<bool()> const& stopped,
                std::chrono::milliseconds longest = longest_file_delay);

}  // namespace surf::app
