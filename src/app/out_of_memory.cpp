#include "app/out_of_memory.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <exception>
#include <regex>
#include <string>

#include "base/error.hpp"
#include "base/host.hpp"
#include "model/heap.hpp"

namespace surf::app
{
namespace
{

constexpr double mebibyte = 1 << 20;

/// " (99.0 MiB were asked for)", if the CPU's allocator says it, or what a device's says at length.
std::string request_in(std::exception const& error)
{
    if (auto const* const of_device = dynamic_cast<c10::OutOfMemoryError const*>(&error))
    {
        return fmt::format(" ({})", of_device->what_without_backtrace());
    }
    static std::regex const bytes("tried to allocate ([0-9]+) bytes");
    std::cmatch found;
    return std::regex_search(error.what(), found, bytes)
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
    catch (std::exception const& error)
    {
        if (!model::is_out_of_memory(error))
        {
            throw;
        }
        refuse(request_in(error));
    }
}

}  // namespace surf::app
