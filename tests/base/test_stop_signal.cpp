#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

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

}  // namespace

TEST_CASE("a process that does not stop in time ends where it is", "[stop_signal]")
{
    CHECK(code_of_process(Stop::never) == static_cast<int>(ExitCode::interrupted));
}

TEST_CASE("a process that has stopped its work may take any time to end", "[stop_signal]")
{
    CHECK(code_of_process(Stop::in_time) == 0);
}
