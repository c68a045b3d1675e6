#include "base/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <set>

#include "base/error.hpp"

namespace surf
{

void setup_logging(int rank, std::string const& level)
{
    static std::set<std::string> const levels = {"trace", "debug", "info", "warn", "error", "off"};
    if (!levels.contains(level))
    {
        throw InputError(fmt::format(
            "log-level = {}: unknown level; use trace, debug, info, warn, error or off", level));
    }
    auto logger =
        std::make_shared<spdlog::logger>("surf", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    // On a terminal, a line of progress may stand where this one goes.
    char const* const clear_line = ::isatty(STDERR_FILENO) != 0 ? "\r\033[K" : "";
    logger->set_pattern(fmt::format("{}%Y-%m-%dT%H:%M:%S [{}] %l %v", clear_line, rank));
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace surf
