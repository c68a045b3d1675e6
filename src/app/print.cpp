#include "app/print.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.hpp"

namespace surf::app
{

void print_if_read(std::string const& text)
{
    errno = 0;
    bool const written =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (written)
    {
        return;
    }
    if (errno != EPIPE || std::freopen("/dev/null", "w", stdout) == nullptr)
    {
        throw EnvironmentError(
            fmt::format("cannot write to standard output: {}; check where it goes to",
                        std::strerror(errno != 0 ? errno : EIO)));
    }
}

}  // namespace surf::app
