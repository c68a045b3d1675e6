#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "spec/training.hpp"

/// What a run leaves in its output folder for later commands: its job, and what it knows of the
/// data. The last line of such a text file, a comment, is the hash of all before it.
namespace surf::app
{

/// Appears whole, in place of an earlier one.
void publish_note(std::filesystem::path const& path, std::string const& text);

/// The text without its last line. Throws EnvironmentError if there is no such file, FileError if
/// it is not as it was written.
std::string read_note(std::filesystem::path const& path);

/// Leaves OUTPUT/data_checksum: checksum and shape of the images that a run began with.
void publish_data_spec(std::filesystem::path const& output, DataSpec const& data);

/// What publish_data_spec() left, if anything. Throws FileError if it is damaged.
std::optional<DataSpec> find_data_spec(std::filesystem::path const& output);

}  // namespace surf::app
