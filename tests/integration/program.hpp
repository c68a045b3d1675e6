#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/scratch_folder.hpp"

namespace surf::test
{

/// A program and its arguments.
using Command = std::vector<std::string>;

/// The program under test with these arguments.
Command surf_sweep(Command const& arguments);
/// Under mpirun.
Command on_ranks(int ranks, Command const& command);

/// How a program ended and what it printed.
struct Ended
{
    int code = 0;         ///< exit code, or 128 + the signal that killed it, as shells say it
    std::string output;   ///< standard output
    std::string errors;   ///< standard error
    std::string command;  ///< for messages

    /// All of it, for INFO.
    std::string text() const;
};

/// A program that runs beside the test, in a process group of its own; killed if it still runs at
/// the end. What Open MPI leaves in temporary folders when it is killed goes away with it.
class RunningProgram
{
  public:
    explicit RunningProgram(Command const& command, fs::path const& folder = fs::current_path());
    ~RunningProgram();
    RunningProgram(RunningProgram const&) = delete;
    RunningProgram& operator=(RunningProgram const&) = delete;

    pid_t id() const { return id_; }
    bool running();
    /// To the process that was started; mpirun's ranks have process groups of their own.
    void send(int signal) const;
    /// Waits until the condition holds. Throws if the program ends before, or if it takes minutes.
    template <class Condition>
    void wait_until(Condition const& condition)
    {
        while (!condition())
        {
            pause();
            if (!running())
            {
                throw std::runtime_error("ended too early\n" + wait().text());
            }
        }
    }
    /// Throws if HDF5 printed errors of its own, or if it takes minutes.
    Ended wait();

  private:
    /// Milliseconds. Throws if the program has run for too long.
    void pause() const;

    ScratchFolder scratch_;
    Command command_;
    pid_t id_ = -1;
    int status_ = 0;
    bool running_ = true;
    double started_;
};

/// Runs a program from beginning to end.
Ended run(Command const& command, fs::path const& folder = fs::current_path());

/// The program under test, wherever it works on this path: ranks too, zombies not.
std::vector<pid_t> processes_working_on(fs::path const& path);
/// Throws if they are still there after half a minute.
void wait_for_their_end(fs::path const& path);

/// Whole contents of a file.
std::string bytes_of(fs::path const& path);

}  // namespace surf::test
