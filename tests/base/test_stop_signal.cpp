#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <string_view>

#include "base/exit_code.hpp"
#include "base/stop_signal.hpp"

using namespace surf;

namespace
{

enum class Stop
{
    never,
    in_time,
};

/// The exit code of a process that is asked to stop, stops its work or does not, and stays for 3
/// seconds.
int code_of_process(Stop stop)
{
    pid_t const child = ::fork();
    if (child == 0)
    {
        catch_stop_signals(std::chrono::seconds(1));
        ::raise(SIGTERM);
        if (stop_signal() == nullptr)
        {
            ::_exit(1);
        }
        if (stop == Stop::in_time)
        {
            end_stop_patience();
        }
        for (unsigned left = 3; left > 0;)
        {
            left = ::sleep(left);
        }
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/// What signals do to a process: the name of the stop they asked for, or how it died.
std::string effect_of(std::initializer_list<int> signals, bool under_nohup = false)
{
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    pid_t const child = ::fork();
    if (child == 0)
    {
        std::signal(SIGHUP, under_nohup ? SIG_IGN : SIG_DFL);
        catch_stop_signals(std::chrono::seconds(1));
        for (int const signal : signals)
        {
            ::raise(signal);
        }
        std::string_view const name = stop_signal() == nullptr ? "none" : stop_signal();
        ::_exit(::write(pipe[1], name.data(), name.size()) < 0 ? 1 : 0);
    }
    ::close(pipe[1]);
    std::array<char, 32> text{};
    auto const length = ::read(pipe[0], text.data(), text.size());
    ::close(pipe[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? "killed"
                               : std::string(text.data(), static_cast<std::size_t>(length));
}

}  // namespace

TEST_CASE("what asks for a stop, and what kills", "[stop_signal]")
{
    CHECK(effect_of({}) == "none");
    CHECK(effect_of({SIGTERM}) == "SIGTERM");
    CHECK(effect_of({SIGHUP}) == "SIGHUP");
    CHECK(effect_of({SIGHUP}, /*under_nohup=*/true) == "none");
    CHECK(effect_of({SIGTERM}, /*under_nohup=*/true) == "SIGTERM");
    CHECK(effect_of({SIGTERM, SIGTERM}) == "killed");
    CHECK(effect_of({SIGXCPU, SIGXCPU}) == "SIGXCPU");
}

TEST_CASE("a process that does not stop in time ends where it is", "[stop_signal]")
{
    CHECK(code_of_process(Stop::never) == static_cast<int>(ExitCode::interrupted));
}

TEST_CASE("a process that has stopped its work may take any time to end", "[stop_signal]")
{
    CHECK(code_of_process(Stop::in_time) == 0);
}
