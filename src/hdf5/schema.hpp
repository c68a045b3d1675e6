#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace surf::h5
{

/// The files hdf5_schema/*.json, which the build puts into the program.
std::span<std::string_view const> schema_texts();

/// All in which a file departs from the schema of its filetype, a line each; none: it conforms.
///
/// What the schema asks for and is missing, what has another type or other dimensions, and what
/// the schema does not know. Throws as FileReader does if the file cannot be read or has another
/// major version.
std::vector<std::string> violations(std::filesystem::path const& path);

}  // namespace surf::h5
