#include "hdf5/file.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.hpp"
#include "hdf5/call.hpp"
#include "hdf5/disk_driver.hpp"

namespace surf::h5
{
namespace fs = std::filesystem;

namespace
{

/// Files are private until published and never changed afterwards, so they need no locks, which
/// some cluster file systems refuse.
Handle file_access()
{
    Handle access = property_list(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(access.get(), false, true);
#endif
    return access;
}

/// What is so large begins at a multiple of the alignment, in bytes, so that rows of numbers can be
/// mapped (Dataset::map_row()): HDF5 itself puts them at any byte.
constexpr hsize_t smallest_aligned = 4096;
constexpr hsize_t alignment = 64;

Handle create_file(fs::path const& path, DiskWrites& writes)
{
    LibraryLock const lock;
    unsigned const order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    Handle const creation = property_list(H5P_FILE_CREATE);
    Handle const access = file_access();
    use_disk_driver(access, writes);
    bool const prepared =
        H5Pset_link_creation_order(creation.get(), order) >= 0 &&
        H5Pset_attr_creation_order(creation.get(), order) >= 0 &&
        H5Pset_obj_track_times(creation.get(), false) >= 0 &&
        // 1.8's format: checksums on metadata, and every reader knows it.
        H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_LATEST) >= 0 &&
        H5Pset_alignment(access.get(), smallest_aligned, alignment) >= 0 &&
        H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG) >= 0;
    Handle file(prepared ? H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get())
                         : -1);
    if (file.get() < 0)
    {
        throw EnvironmentError(
            fmt::format("cannot create {} ({}) check the disk's space "
                        "and permissions",
                        path.string(), error_stack()));
    }
    return file;
}

/// By its signature alone.
void require_hdf5(fs::path const& path)
{
    LibraryLock const lock;
    if (fs::is_directory(path) || H5Fis_hdf5(path.c_str()) <= 0)
    {
        error_stack();  // says no more than this
        throw FileError(fmt::format("{} is not an HDF5 file; name another file", path.string()));
    }
}

Handle open_file(fs::path const& path, Author author)
{
    if (!std::ifstream(path))
    {
        throw EnvironmentError(
            fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
    }
    require_hdf5(path);
    if (author == Author::surf_sweep)
    {
        check_seal(path, SealCheck::structure);
    }
    LibraryLock const lock;
    Handle const access = file_access();
    Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()));
    if (file.get() < 0)
    {
        throw FileError(fmt::format("cannot open {} ({}) remove it and run again", path.string(),
                                    error_stack()));
    }
    return file;
}

Handle open_root(Handle const& file)
{
    LibraryLock const lock;
    return Handle(check(H5Gopen2(file.get(), "/", H5P_DEFAULT), file.get(), "open group"));
}

void check_stamp(Group const& root, fs::path const& path, FileType const& type)
{
    if (!root.has_attribute("filetype") || !root.has_attribute("schema_version"))
    {
        throw FileError(
            fmt::format("{} has no attribute filetype or schema_version (it was not "
                        "written by surf_sweep) name another file",
                        path.string()));
    }
    auto const name = root.attribute<std::string>("filetype");
    if (name != type.name)
    {
        throw FileError(fmt::format("{} has filetype {} (this command needs {}) name another file",
                                    path.string(), name, type.name));
    }
    auto const version = root.attribute<std::string>("schema_version");
    if (version.substr(0, version.find('.')) != std::to_string(type.major))
    {
        throw FileError(
            fmt::format("{} has schema version {} (this program reads {}.x of {}) "
                        "use the surf_sweep that wrote it",
                        path.string(), version, type.major, type.name));
    }
}

}  // namespace

std::string FileType::version() const
{
    return fmt::format("{}.{}", major, minor);
}

FileWriter::FileWriter(fs::path path, FileType const& type)
    : pending_(std::move(path)),
      writes_(std::make_unique<DiskWrites>()),
      file_(create_file(pending_.temporary(), *writes_)),
      root_(open_root(file_))
{
    root_.set_attribute("filetype", std::string(type.name));
    root_.set_attribute("schema_version", type.version());
}

FileWriter::~FileWriter() = default;

void FileWriter::publish()
{
    {
        LibraryLock const lock;
        if (H5Fclose(file_.release()) < 0)
        {
            throw EnvironmentError(fmt::format("cannot close {} ({}) check the disk's space",
                                               pending_.temporary().string(), error_stack()));
        }
    }
    if (writes_->error != 0)
    {
        throw EnvironmentError(fmt::format("cannot write {}: {}; check the disk's space",
                                           pending_.final_path().string(),
                                           std::strerror(writes_->error)));
    }
    seal(pending_.temporary(), writes_->large_runs());
    pending_.publish();
}

FileReader::FileReader(fs::path const& path, Author author)
    : file_(open_file(path, author)), root_(open_root(file_))
{}

FileReader::FileReader(fs::path const& path, FileType const& type) : FileReader(path)
{
    check_stamp(root_, path, type);
}

void set_aside(fs::path const& path, std::string_view reason)
{
    fs::path const bad = path.string() + ".bad";
    std::error_code failure;  // another rank may have been faster
    fs::rename(path, bad, failure);
    if (failure && fs::exists(path))
    {
        throw EnvironmentError(fmt::format("{}; it cannot be renamed to {} ({}): move it away",
                                           reason, bad.filename().string(), failure.message()));
    }
    spdlog::warn("{}; set aside as {}, what it held is computed again", reason,
                 bad.filename().string());
}

std::string library_version()
{
    unsigned major = 0;
    unsigned minor = 0;
    unsigned release = 0;
    LibraryLock const lock;
    H5get_libversion(&major, &minor, &release);
    return fmt::format("{}.{}.{}", major, minor, release);
}

}  // namespace surf::h5
