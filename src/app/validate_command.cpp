#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "app/command.hpp"
#include "base/error.hpp"
#include "chain/reader.hpp"
#include "hdf5/file.hpp"
#include "hdf5/schema.hpp"
#include "hdf5/seal.hpp"
#include "store/block_state.hpp"
#include "store/pack.hpp"
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
    else if (type == "surf_sweep/pack")
    {
        store::read_pack(path);
    }
    else if (type == "surf_sweep/block_state")
    {
        store::read_block_state(path);
    }
}

/// Prints that the file is sound. Throws FileError or EnvironmentError if it is not.
void validate(std::filesystem::path const& path)
{
    std::vector<std::string> const violations = h5::violations(path);
    for (std::string const& violation : violations)
    {
        fmt::print("{}\n", violation);
    }
    if (!violations.empty())
    {
        throw FileError(
            fmt::format("{}: {} violations of its schema (it cannot be trusted); "
                        "remove it and run again",
                        path.string(), violations.size()));
    }
    std::string const type = file_type(path);
    try
    {
        h5::check_seal(path, h5::SealCheck::everything);
    }
    catch (FileError const&)
    {
        verify_content(path, type);  // may say where
        throw;
    }
    verify_content(path, type);
    fmt::print("{}: OK, {}\n", path.string(), type);
}

}  // namespace

ExitCode validate_command(Options const& options)
{
    ExitCode worst = ExitCode::success;
    for (std::filesystem::path const& path : options.files)
    {
        try
        {
            validate(path);
        }
        catch (Error const& error)
        {
            std::fputs(fmt::format("surf_sweep: error: {}\n", error.what()).c_str(), stderr);
            worst = std::max(worst, error.code());
        }
    }
    return worst;
}

}  // namespace surf::app
