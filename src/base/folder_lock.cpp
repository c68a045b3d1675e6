#include "base/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0)
    {
        return;
    }
    int const reason = errno;
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
