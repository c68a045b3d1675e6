#pragma once

#include <filesystem>
#include <string>

namespace surf
{

/// A file that becomes visible only when it is whole.
///
/// Write to temporary(), close it, then publish(): fsync, rename to the final name, fsync of the
/// folder. Without publish() the destructor removes the temporary file.
/// The temporary name is the final one plus ".tmp-<host>-<pid>", so two writers never collide.
class PendingFile
{
  public:
    /// Makes the parent folder, but not what that lies in: a run's folder that was taken away is
    /// not made again. Throws EnvironmentError if that cannot be done.
    explicit PendingFile(std::filesystem::path final_path);
    ~PendingFile();
    PendingFile(PendingFile const&) = delete;
    PendingFile& operator=(PendingFile const&) = delete;

    std::filesystem::path const& temporary() const { return temporary_; }
    std::filesystem::path const& final_path() const { return final_; }

    /// Throws EnvironmentError naming the file, with the system's reason.
    void publish();

  private:
    std::filesystem::path final_;
    std::filesystem::path temporary_;
    bool published_ = false;
};

/// Writes a small text file the same way.
void publish_text(std::filesystem::path const& path, std::string const& text);

/// Removes what killed writers left in a folder: temporary files whose names begin with `prefix`.
/// Only for who knows that nobody writes there now.
void remove_unpublished(std::filesystem::path const& folder, std::string const& prefix = "");

/// Makes a folder and its parents and proves that a file of 1 MiB can be made in it.
/// Throws EnvironmentError naming `key`, the option it came from.
void require_writable_folder(std::filesystem::path const& folder, std::string const& key);

}  // namespace surf
