#include "base/stop_signal.hpp"

#include <array>
#include <atomic>
#include <csignal>

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
    NamedSignal{SIGTERM, "SIGTERM"},
    NamedSignal{SIGINT, "SIGINT"},
    NamedSignal{SIGUSR1, "SIGUSR1"},
    NamedSignal{SIGUSR2, "SIGUSR2"},
};

std::atomic<int> received = 0;
static_assert(std::atomic<int>::is_always_lock_free);  // so a handler may write it

extern "C" void remember_signal(int number)
{
    received.store(number);
    std::signal(number, SIG_DFL);
}

}  // namespace

void catch_stop_signals()
{
    for (NamedSignal const& caught : caught_signals)
    {
        std::signal(caught.number, remember_signal);
    }
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
