#pragma once

#include <map>
#include <string>

namespace surf::app
{

/// The commit that was built, 12 digits, with "-dirty" if files differed from it; "unknown" outside
/// a git checkout. Found anew at every build.
char const* git_revision();

/// What this program is made of, for `version` and for the provenance of results.
struct Versions
{
    std::string program;
    std::string revision;
    std::string libtorch;
    std::string blas;
    std::string mpi;
    std::string hdf5;
};

Versions versions();

/// The same by name, as files keep them: "program_version", "git_revision", …
std::map<std::string, std::string> version_attributes();

}  // namespace surf::app
