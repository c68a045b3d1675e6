#include "base/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/error.hpp"
#include "base/log.hpp"

namespace surf
{
namespace
{

std::filesystem::path lock_file(std::filesystem::path const& folder)
{
    return folder / ".lock";
}

/// The reason why not; 0 if it is locked now.
int try_lock(int descriptor, int how)
{
    return ::flock(descriptor, how | LOCK_NB) == 0 ? 0 : errno;
}

}  // namespace

FolderLock::FolderLock(std::filesystem::path const& folder)
    : descriptor_(::open(lock_file(folder).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666))
{
    if (descriptor_ < 0)
    {
        throw EnvironmentError(
            fmt::format("cannot make {}: {}; name a folder that you may write to",
                        lock_file(folder).string(), std::strerror(errno)));
    }
    int reason = try_lock(descriptor_, LOCK_EX);
    if (reason == EWOULDBLOCK)
    {
        // use_of() holds it for a moment.
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        reason = try_lock(descriptor_, LOCK_EX);
    }
    if (reason == 0)
    {
        return;
    }
    if (reason == EWOULDBLOCK)
    {
        ::close(descriptor_);
        throw FolderBusyError(
            fmt::format("another surf_sweep works in {} (both would write the same files); wait "
                        "for it or name another output",
                        folder.string()));
    }
    spdlog::warn("cannot lock {}: {}; make sure that no other run works there", folder.string(),
                 std::strerror(reason));
}

FolderLock::~FolderLock()
{
    ::close(descriptor_);
}

FolderUse use_of(std::filesystem::path const& folder)
{
    int const descriptor = ::open(lock_file(folder).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
    {
        return errno == ENOENT ? FolderUse::free : FolderUse::unknown;
    }
    int const reason = try_lock(descriptor, LOCK_SH);
    ::close(descriptor);
    return reason == 0             ? FolderUse::free
           : reason == EWOULDBLOCK ? FolderUse::busy
                                   : FolderUse::unknown;
}

void require_still_locked(std::filesystem::path const& folder, std::string const& key)
{
    std::error_code unreadable;  // exists() then says no
    if (!std::filesystem::exists(lock_file(folder), unreadable))
    {
        throw EnvironmentError(
            fmt::format("{} = {}: the folder or its .lock was removed or renamed under the run "
                        "(what it held is wherever it is now); put it back, and the same command "
                        "resumes",
                        key, folder.string()));
    }
}

}  // namespace surf
