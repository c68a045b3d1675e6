#pragma once

namespace surf
{

/// From now on SIGTERM, SIGINT, SIGUSR1 and SIGUSR2 ask for an orderly stop instead of killing:
/// what Slurm sends before the time limit and what Ctrl-C sends. A second one kills as usual.
void catch_stop_signals();

/// The name of the signal that asked for a stop, or nullptr.
char const* stop_signal();

}  // namespace surf
