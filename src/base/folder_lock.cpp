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

FolderLock::FolderLock(std::filesystem::path const& folder)
    : descriptor_(::open((folder / ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666))
{
    if (descriptor_ < 0)
    {
        throw EnvironmentError(
            fmt::format("cannot make {}: {}; name a folder that you may write to",
                        (folder / ".lock").string(), std::strerror(errno)));
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

}  // namespace surf
