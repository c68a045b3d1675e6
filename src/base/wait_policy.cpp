#include "base/wait_policy.hpp"

#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace surf
{
namespace
{

/// Whether the variable had another value.
bool change(char const* name, char const* value)
{
    char const* const found = std::getenv(name);
    if (found != nullptr && ::strcasecmp(found, value) == 0)
    {
        return false;
    }
    return ::setenv(name, value, /*overwrite=*/1) == 0;
}

/// By the program's own path: top and ps show its last part.
void start_again(char** arguments)
{
    std::error_code unknown;
    auto const program = std::filesystem::read_symlink("/proc/self/exe", unknown);
    if (!unknown)
    {
        ::execv(program.c_str(), arguments);
    }
    ::execv("/proc/self/exe", arguments);  // the file has been replaced
}

}  // namespace

void settle_threads(char** arguments)
{
    bool const waits =
        std::getenv("OMP_WAIT_POLICY") == nullptr && change("OMP_WAIT_POLICY", "passive");
    bool const fixed = std::getenv("OMP_DYNAMIC") != nullptr && change("OMP_DYNAMIC", "false");
    if (waits || fixed)
    {
        start_again(arguments);  // if it returns: slower, and a training may refuse its threads
    }
}

}  // namespace surf
