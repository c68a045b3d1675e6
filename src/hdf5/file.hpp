#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/pending_file.hpp"
#include "hdf5/group.hpp"

namespace surf::h5
{

/// What a file holds and in which layout: stamped on its root as the attributes `filetype` and
/// `schema_version`. Readers take any minor version of the major version that they know.
struct FileType
{
    std::string_view name;  ///< "surf_sweep/…"
    std::int64_t major = 1;
    std::int64_t minor = 0;

    std::string version() const;
};

struct DiskWrites;

/// A file in the making: visible under its name, whole, sealed and on disk, from publish() on;
/// without it no trace is left. Groups and attributes keep their order, no times are stored: equal
/// content gives equal bytes.
class FileWriter
{
  public:
    FileWriter(std::filesystem::path path, FileType const& type);
    ~FileWriter();

    Group& root() { return root_; }
    /// Closes the file with all that is open in it, and publishes it. Throws EnvironmentError if
    /// the disk did not take something: writing goes on as if it had, up to here.
    void publish();

  private:
    PendingFile pending_;
    std::unique_ptr<DiskWrites> writes_;
    Handle file_;
    Group root_;
};

/// Who wrote a file.
enum class Author
{
    surf_sweep,
    anyone,
};

/// A file opened for reading only. HDF5 sees none of surf_sweep's that is not as it was sealed.
class FileReader
{
  public:
    /// Throws EnvironmentError if there is no such file to read, FileError if it is damaged.
    explicit FileReader(std::filesystem::path const& path, Author author = Author::surf_sweep);
    /// As above, and throws FileError if it is of another type or another major version.
    FileReader(std::filesystem::path const& path, FileType const& type);

    Group const& root() const { return root_; }

  private:
    Handle file_;
    Group root_;
};

/// Renames a file that cannot be trusted to *.bad, and warns: what it held is computed again.
void set_aside(std::filesystem::path const& path, std::string_view reason);

/// The HDF5 library in use, as "1.10.8".
std::string library_version();

}  // namespace surf::h5
