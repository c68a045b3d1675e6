#include "base/stop_signal.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <string_view>

#include "base/exit_code.hpp"

namespace surf
{
namespace
{

struct NamedSignal
{
    int number;
    char const* name;
};

constexpr std::array caught_signals = {
    NamedSignal{SIGTERM, "SIGTERM"}, NamedSignal{SIGINT, "SIGINT"},
    NamedSignal{SIGHUP, "SIGHUP"},   NamedSignal{SIGXCPU, "SIGXCPU"},
    NamedSignal{SIGUSR1, "SIGUSR1"}, NamedSignal{SIGUSR2, "SIGUSR2"},
};

std::atomic<int> received = 0;
std::atomic<unsigned> patience_seconds = 0;
static_assert(std::atomic<int>::is_always_lock_free &&  // so a handler may use them
              std::atomic<unsigned>::is_always_lock_free);

extern "C" void remember_signal(int number)
{
    // The kernel repeats XCPU every second until the hard limit: that is no second request.
    std::signal(number, number == SIGXCPU ? SIG_IGN : SIG_DFL);
    int none = 0;
    if (received.compare_exchange_strong(none, number))
    {
        ::alarm(patience_seconds.load());
    }
}

extern "C" void end_at_once(int)
{
    constexpr std::string_view text =
        "surf_sweep: error: was asked to stop and did not in time, so it ends where it is; what is "
        "stored is safe, the same command resumes\n";
    [[maybe_unused]] auto const written = ::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(static_cast<int>(ExitCode::interrupted));
}

}  // namespace

void catch_stop_signals(std::chrono::seconds patience)
{
    set_stop_patience(patience);
    std::signal(SIGALRM, end_at_once);
    for (NamedSignal const& caught : caught_signals)
    {
        bool const was_ignored = std::signal(caught.number, remember_signal) == SIG_IGN;
        if (was_ignored && caught.number == SIGHUP)
        {
            std::signal(SIGHUP, SIG_IGN);  // nohup started it
        }
    }
}

void set_stop_patience(std::chrono::seconds patience)
{
    patience_seconds.store(static_cast<unsigned>(patience.count()));
}

void end_stop_patience()
{
    patience_seconds.store(0);  // no alarm
    ::alarm(0);
}

char const* stop_signal()
{
    int const number = received.load();
    for (NamedSignal const& caught : caught_signals)
    {
        if (caught.number == number)
        {
            return caught.name;
        }
    }
    return nullptr;
}

}  // namespace surf
