#include "base/pending_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "base/error.hpp"
#include "base/host.hpp"

namespace surf
{
namespace fs = std::filesystem;

namespace
{

/// Enough that a full disk is noticed.
constexpr std::size_t probe_size = 1 << 20;

constexpr char const* temporary_mark = ".tmp-";

void sync_to_disk(fs::path const& path, int flags)
{
    int const descriptor = ::open(path.c_str(), flags);
    if (descriptor < 0)
    {
        throw EnvironmentError(
            fmt::format("cannot open {} to sync it: {}", path.string(), std::strerror(errno)));
    }
    int const status = ::fsync(descriptor);
    int const reason = errno;
    ::close(descriptor);
    if (status != 0)
    {
        throw EnvironmentError(fmt::format("cannot sync {} to disk: {}; check the disk's space",
                                           path.string(), std::strerror(reason)));
    }
}

fs::path parent_of(fs::path const& path)
{
    fs::path const parent = path.parent_path();
    return parent.empty() ? fs::path(".") : parent;
}

/// What remove_unpublished() finds, whoever wrote it.
fs::path temporary_name(fs::path const& path)
{
    return path.string() + fmt::format("{}{}-{}", temporary_mark, host_name(), ::getpid());
}

}  // namespace

PendingFile::PendingFile(fs::path final_path)
    : final_(std::move(final_path)), temporary_(temporary_name(final_))
{
    std::error_code failure;
    fs::create_directory(parent_of(final_), failure);
    if (failure)
    {
        throw EnvironmentError(fmt::format("cannot make folder {}: {}", parent_of(final_).string(),
                                           failure.message()));
    }
}

PendingFile::~PendingFile()
{
    if (!published_)
    {
        std::error_code ignored;
        fs::remove(temporary_, ignored);
    }
}

void PendingFile::publish()
{
    sync_to_disk(temporary_, O_RDONLY);
    if (::rename(temporary_.c_str(), final_.c_str()) != 0)
    {
        throw EnvironmentError(fmt::format("cannot rename {} to {}: {}", temporary_.string(),
                                           final_.string(), std::strerror(errno)));
    }
    published_ = true;
    sync_to_disk(parent_of(final_), O_RDONLY | O_DIRECTORY);
}

void publish_text(fs::path const& path, std::string const& text)
{
    PendingFile file(path);
    std::ofstream stream(file.temporary(), std::ios::binary);
    stream << text;
    stream.close();
    if (!stream)
    {
        throw EnvironmentError(fmt::format("cannot write {}: {}; check the disk's space",
                                           file.temporary().string(), std::strerror(errno)));
    }
    file.publish();
}

void require_writable_folder(fs::path const& folder, std::string const& key)
{
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (!failure && fs::is_directory(folder))
    {
        fs::path const probe = temporary_name(folder / ".probe");
        errno = 0;
        std::ofstream stream(probe);
        if (stream)
        {
            std::error_code ignored;
            fs::remove(probe, ignored);  // a process killed while it writes leaves nothing
        }
        stream << std::string(probe_size, '\0');
        stream.close();
        bool const written = static_cast<bool>(stream);
        failure.assign(errno != 0 ? errno : EIO, std::generic_category());
        if (written)
        {
            return;
        }
    }
    throw EnvironmentError(
        fmt::format("{} = {}: cannot write there ({}); check the disk's space, "
                    "or name a folder that you may write to",
                    key, folder.string(), failure ? failure.message() : "not a folder"));
}

void remove_unpublished(fs::path const& folder, std::string const& prefix)
{
    std::error_code none;  // no folder, nothing to remove
    for (fs::directory_entry const& entry : fs::directory_iterator(folder, none))
    {
        std::string const name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.find(temporary_mark) != std::string::npos)
        {
            fs::remove(entry.path());
        }
    }
}

}  // namespace surf
