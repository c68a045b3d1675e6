#include "app/out_of_memory.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <new>
#include <regex>
#include <string>

#include "base/error.hpp"
#include "base/host.hpp"

namespace surf::app
{
namespace
{

constexpr double mebibyte = 1 << 20;

/// " (99.0 MiB were asked for)", if LibTorch's text says it.
std::string request_in(std::string const& text)
{
    static std::regex const bytes("tried to allocate ([0-9]+) bytes");
    std::smatch found;
    return std::regex_search(text, found, bytes)
               ? fmt::format(" ({:.1f} MiB were asked for)", std::stod(found[1]) / mebibyte)
               : "";
}

std::string address_space_limit()
{
    rlimit limit{};
    bool const limited = ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return limited ? fmt::format("; this process may have {:.0f} MiB (ulimit -v)",
                                 static_cast<double>(limit.rlim_cur) / mebibyte)
                   : "";
}

[[noreturn]] void refuse(std::string const& request)
{
    throw EnvironmentError(fmt::format(
        "not enough memory on {}{}{}; ask for more, start fewer ranks a node, or take a "
        "smaller trials.block_size",
        host_name(), request, address_space_limit()));
}

}  // namespace

void naming_memory(std::function<void()> const& task)
{
    try
    {
        task();
    }
    catch (std::bad_alloc const&)
    {
        refuse("");
    }
    catch (c10::OutOfMemoryError const& error)
    {
        refuse(fmt::format(" ({})", error.what_without_backtrace()));
    }
    catch (c10::Error const& error)
    {
        // What the CPU's allocator throws has no type of its own.
        std::string const text = error.what_without_backtrace();
        if (text.find("can't allocate memory") == std::string::npos)
        {
            throw;
        }
        refuse(request_in(text));
    }
}

}  // namespace surf::app
