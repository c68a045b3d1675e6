#pragma once

#include <chrono>

namespace surf
{

/// How long a process may take to stop as long as it only reads, and once it computes: a trainer
/// ends its step and stores its state, within the 30 s that Slurm grants by default (KillWait).
inline constexpr std::chrono::seconds patience_of_reading{5};
inline constexpr std::chrono::seconds patience_of_work{25};

/// From now on SIGTERM, SIGINT, SIGHUP, SIGXCPU, SIGUSR1 and SIGUSR2 ask for an orderly stop
/// instead of killing: what Slurm sends before the time limit, what Ctrl-C, a closed terminal and a
/// limit of CPU time send. A second one kills as usual. SIGHUP stays ignored under nohup.
///
/// A process that is still there `patience` after the first one ends where it is, with
/// ExitCode::interrupted: a call into a library may never return, and what is stored is stored
/// whole.
void catch_stop_signals(std::chrono::seconds patience);

/// Changes how long the process may take to stop, if it has not been asked to yet.
void set_stop_patience(std::chrono::seconds patience);

/// The process has stopped its work, or is done with it: from now on it may take any time to end,
/// as it waits for others or writes down what there is.
void end_stop_patience();

/// The name of the signal that asked for a stop, or nullptr.
char const* stop_signal();

}  // namespace surf
