#include "integration/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

namespace surf::test
{
namespace
{

constexpr double longest_run = 400;      // seconds, on a machine that is busy otherwise
constexpr double longest_farewell = 30;  // of ranks that lost their mpirun
constexpr auto poll_interval = std::chrono::milliseconds(3);

double now()
{
    std::chrono::duration<double> const time = std::chrono::steady_clock::now().time_since_epoch();
    return time.count();
}

/// This process's environment with changes, as "NAME=value".
std::vector<std::string> environment_with(std::vector<std::string> const& changes)
{
    std::vector<std::string> all = changes;
    for (char** entry = environ; *entry != nullptr; ++entry)
    {
        std::string const text = *entry;
        std::string const name = text.substr(0, text.find('=') + 1);
        if (std::ranges::none_of(changes, [&](auto const& it) { return it.starts_with(name); }))
        {
            all.push_back(text);
        }
    }
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts)
{
    std::vector<char*> all;
    for (std::string& text : texts)
    {
        all.push_back(text.data());
    }
    all.push_back(nullptr);
    return all;
}

void require(int failure, std::string const& what)
{
    if (failure != 0)
    {
        throw std::system_error(failure, std::generic_category(), what);
    }
}

/// Starts a command in a process group of its own, its output in files.
pid_t spawn(Command command, std::vector<std::string> environment, fs::path const& folder,
            fs::path const& output, fs::path const& errors)
{
    constexpr int write_new = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    require(posix_spawn_file_actions_init(&files), "posix_spawn");
    require(posix_spawnattr_init(&attributes), "posix_spawn");
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, output.c_str(), write_new, 0600);
    posix_spawn_file_actions_addopen(&files, 2, errors.c_str(), write_new, 0600);
    posix_spawn_file_actions_addchdir_np(&files, folder.c_str());
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    pid_t id = -1;
    int const failure = posix_spawnp(&id, command.front().c_str(), &files, &attributes,
                                     pointers(command).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    require(failure, command.front());
    return id;
}

}  // namespace

Command surf_sweep(Command const& arguments)
{
    Command command = {SURF_SWEEP_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

Command on_ranks(int ranks, Command const& command)
{
    Command all = {SURF_MPIEXEC, SURF_MPIEXEC_RANKS, fmt::format("{}", ranks)};
    all.insert(all.end(), command.begin(), command.end());
    return all;
}

std::string Ended::text() const
{
    return fmt::format("{}\nended with {}\n--- standard output\n{}--- standard error\n{}---\n",
                       command, code, output, errors);
}

RunningProgram::RunningProgram(Command const& command, fs::path const& folder)
    : command_(command), started_(now())
{
    fs::path const temporary = scratch_.path / "tmp";
    fs::create_directory(temporary);
    std::vector<std::string> const environment =
        environment_with({"TMPDIR=" + temporary.string(),
                          "OMPI_MCA_btl_vader_backing_directory=" + temporary.string()});
    id_ = spawn(command, environment, folder, scratch_.path / "output", scratch_.path / "errors");
}

RunningProgram::~RunningProgram()
{
    if (running())
    {
        ::kill(-id_, SIGKILL);
        ::waitpid(id_, &status_, 0);
    }
    // Open MPI's daemon ends after the program and tidies up in the same folder.
    std::error_code busy;
    for (int attempt = 0; attempt < 1000 && fs::exists(scratch_.path); ++attempt)
    {
        fs::remove_all(scratch_.path, busy);
        std::this_thread::sleep_for(poll_interval);
    }
}

bool RunningProgram::running()
{
    if (running_)
    {
        running_ = ::waitpid(id_, &status_, WNOHANG) == 0;
    }
    return running_;
}

void RunningProgram::send(int signal) const
{
    if (running_)
    {
        ::kill(id_, signal);
    }
}

void RunningProgram::pause() const
{
    if (now() - started_ > longest_run)
    {
        throw std::runtime_error(
            fmt::format("{} still runs after {} s\n{}{}", fmt::join(command_, " "), longest_run,
                        bytes_of(scratch_.path / "output"), bytes_of(scratch_.path / "errors")));
    }
    std::this_thread::sleep_for(poll_interval);
}

Ended RunningProgram::wait()
{
    while (running())
    {
        pause();
    }
    int const code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    Ended ended{code, bytes_of(scratch_.path / "output"), bytes_of(scratch_.path / "errors"),
                fmt::format("{}", fmt::join(command_, " "))};
    if (ended.errors.find("HDF5-DIAG") != std::string::npos)
    {
        throw std::runtime_error("HDF5 printed an error that nobody handled\n" + ended.text());
    }
    return ended;
}

Ended run(Command const& command, fs::path const& folder)
{
    return RunningProgram(command, folder).wait();
}

std::vector<pid_t> processes_working_on(fs::path const& path)
{
    std::vector<pid_t> ids;
    for (fs::directory_entry const& entry : fs::directory_iterator("/proc"))
    {
        std::string const name = entry.path().filename().string();
        std::string const command = bytes_of(entry.path() / "cmdline");  // "\0" between words
        if (name.find_first_not_of("0123456789") == std::string::npos &&
            command.starts_with(SURF_SWEEP_PROGRAM) &&
            command.find(path.string()) != std::string::npos)
        {
            ids.push_back(std::stoi(name));
        }
    }
    return ids;
}

void wait_for_their_end(fs::path const& path)
{
    double const start = now();
    while (!processes_working_on(path).empty())
    {
        if (now() - start > longest_farewell)
        {
            throw std::runtime_error(fmt::format("processes {} still work on {} after {} s",
                                                 fmt::join(processes_working_on(path), ", "),
                                                 path.string(), longest_farewell));
        }
        std::this_thread::sleep_for(poll_interval);
    }
}

std::string bytes_of(fs::path const& path)
{
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace surf::test
