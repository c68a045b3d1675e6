#include <fmt/format.h>

#include "app/command.hpp"
#include "base/error.hpp"
#include "chain/reader.hpp"
#include "hdf5/file.hpp"
#include "hdf5/schema.hpp"
#include "hdf5/seal.hpp"
#include "store/segment.hpp"

namespace surf::app
{
namespace
{

std::string file_type(std::filesystem::path const& path)
{
    return h5::FileReader(path).root().attribute<std::string>("filetype");
}

/// Reads all of what the schema cannot say. Throws FileError at the first thing that is wrong.
void verify_content(std::filesystem::path const& path, std::string const& type)
{
    if (type == "surf_sweep/chain")
    {
        chain::verify(path);
    }
    else if (type == "surf_sweep/segment")
    {
        store::read_segment(path);
    }
}

}  // namespace

ExitCode validate_command(Options const& options)
{
    std::vector<std::string> const violations = h5::violations(options.file);
    for (std::string const& violation : violations)
    {
        fmt::print("{}\n", violation);
    }
    if (!violations.empty())
    {
        throw FileError(
            fmt::format("{}: {} violations of its schema (it cannot be trusted); "
                        "remove it and run again",
                        options.file.string(), violations.size()));
    }
    std::string const type = file_type(options.file);
    try
    {
        h5::check_seal(options.file, h5::SealCheck::everything);
    }
    catch (FileError const&)
    {
        verify_content(options.file, type);  // may say where
        throw;
    }
    verify_content(options.file, type);
    fmt::print("{}: OK, {}\n", options.file.string(), type);
    return ExitCode::success;
}

}  // namespace surf::app
