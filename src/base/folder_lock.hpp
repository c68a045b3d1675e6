#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace surf
{

/// Another process holds the folder.
class FolderBusyError : public EnvironmentError
{
  public:
    using EnvironmentError::EnvironmentError;
};

/// Keeps a folder for this process: two runs that write into one folder would train the same chain
/// twice and remove each other's files. The lock ends with the process, however that ends.
class FolderLock
{
  public:
    /// Locks <folder>/.lock. Throws FolderBusyError if another process holds it.
    explicit FolderLock(std::filesystem::path const& folder);
    ~FolderLock();
    FolderLock(FolderLock const&) = delete;
    FolderLock& operator=(FolderLock const&) = delete;

  private:
    int descriptor_;
};

enum class FolderUse
{
    free,
    busy,
    unknown,  ///< the file system cannot tell
};

/// Whether a process holds the folder now.
FolderUse use_of(std::filesystem::path const& folder);

/// Throws EnvironmentError naming the key if there is no locked folder of this name any more: it
/// was removed or renamed, and perhaps made again.
void require_still_locked(std::filesystem::path const& folder, std::string const& key);

}  // namespace surf
