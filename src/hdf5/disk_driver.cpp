#include "hdf5/disk_driver.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>

#include "hdf5/call.hpp"

namespace surf::h5
{

namespace
{

constexpr haddr_t max_address = (haddr_t{1} << 63) - 1;

/// What travels in the access list.
struct DriverInfo
{
    DiskWrites* writes;
};

/// HDF5 sees the first member only.
struct DiskFile
{
    H5FD_t base;
    int descriptor;
    DiskWrites* writes;
    haddr_t allocated;  ///< "eoa": end of what the library has given out
    haddr_t written;    ///< "eof": end of the file
};

DiskFile* cast(H5FD_t* file)
{
    return reinterpret_cast<DiskFile*>(file);
}

void keep_error(DiskFile* file)
{
    if (file->writes->error == 0)
    {
        file->writes->error = errno;
    }
}

H5FD_t* open_file(char const* name, unsigned /*flags*/, hid_t access, haddr_t /*max*/)
{
    int const descriptor = ::open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0)
    {
        H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_VFL, H5E_CANTOPENFILE,
                 "%s", std::strerror(errno));
        return nullptr;
    }
    auto const* info = static_cast<DriverInfo const*>(H5Pget_driver_info(access));
    auto* file = new DiskFile{{}, descriptor, info->writes, 0, 0};
    return &file->base;
}

herr_t close_file(H5FD_t* base)
{
    DiskFile* file = cast(base);
    if (::close(file->descriptor) != 0)
    {
        keep_error(file);
    }
    delete file;
    return 0;
}

herr_t query(H5FD_t const* /*file*/, unsigned long* features)
{
    *features = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA |
                H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA |
                H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

haddr_t get_allocated(H5FD_t const* file, H5FD_mem_t /*kind*/)
{
    return reinterpret_cast<DiskFile const*>(file)->allocated;
}

herr_t set_allocated(H5FD_t* file, H5FD_mem_t /*kind*/, haddr_t address)
{
    cast(file)->allocated = address;
    return 0;
}

haddr_t get_written(H5FD_t const* file, H5FD_mem_t /*kind*/)
{
    return reinterpret_cast<DiskFile const*>(file)->written;
}

herr_t read(H5FD_t* base, H5FD_mem_t /*kind*/, hid_t /*transfer*/, haddr_t address,
            std::size_t size, void* buffer)
{
    DiskFile* file = cast(base);
    auto* bytes = static_cast<char*>(buffer);
    while (size > 0)
    {
        ssize_t const count = ::pread(file->descriptor, bytes, size, static_cast<off_t>(address));
        if (count < 0 && errno == EINTR)
        {
            continue;
        }
        if (count < 0)
        {
            file->writes->error = errno;
        }
        if (count <= 0)  // beyond the end are zeros
        {
            std::memset(bytes, 0, size);
            return 0;
        }
        bytes += count;
        address += static_cast<haddr_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return 0;
}

/// HDF5 writes its global heaps, whose references it follows, as if they were numbers.
bool is_heap(void const* buffer, std::size_t size)
{
    constexpr std::string_view signature = "GCOL";
    return size >= signature.size() && std::memcmp(buffer, signature.data(), signature.size()) == 0;
}

void note_numbers(std::vector<ByteRange>& numbers, ByteRange const& written)
{
    if (!numbers.empty() && numbers.back().end() == written.offset)
    {
        numbers.back().size += written.size;
    }
    else
    {
        numbers.push_back(written);
    }
}

herr_t write(H5FD_t* base, H5FD_mem_t kind, hid_t /*transfer*/, haddr_t address, std::size_t size,
             void const* buffer)
{
    DiskFile* file = cast(base);
    if (kind == H5FD_MEM_DRAW && !is_heap(buffer, size))
    {
        note_numbers(file->writes->numbers, {address, size});
    }
    auto const* bytes = static_cast<char const*>(buffer);
    file->written = std::max(file->written, address + size);
    while (size > 0 && file->writes->error == 0)
    {
        ssize_t const count = ::pwrite(file->descriptor, bytes, size, static_cast<off_t>(address));
        if (count < 0)
        {
            if (errno != EINTR)
            {
                keep_error(file);
            }
            continue;
        }
        bytes += count;
        address += static_cast<haddr_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return 0;
}

/// Files end where the library has given out space, as in every HDF5 file.
herr_t truncate(H5FD_t* base, hid_t /*transfer*/, hbool_t /*closing*/)
{
    DiskFile* file = cast(base);
    if (file->written != file->allocated)
    {
        if (::ftruncate(file->descriptor, static_cast<off_t>(file->allocated)) != 0)
        {
            keep_error(file);
        }
        file->written = file->allocated;
    }
    return 0;
}

hid_t register_driver()
{
    H5FD_class_t driver{};
#ifdef H5FD_CLASS_VERSION
    driver.version = H5FD_CLASS_VERSION;
    driver.value = static_cast<H5FD_class_value_t>(511);  // of those that need no registration
#endif
    driver.name = "surf_disk";
    driver.maxaddr = max_address;
    driver.fc_degree = H5F_CLOSE_WEAK;
    driver.fapl_size = sizeof(DriverInfo);
    driver.open = open_file;
    driver.close = close_file;
    driver.query = query;
    driver.get_eoa = get_allocated;
    driver.set_eoa = set_allocated;
    driver.get_eof = get_written;
    driver.read = read;
    driver.write = write;
    driver.truncate = truncate;
    H5FD_mem_t const free_lists[] = H5FD_FLMAP_DICHOTOMY;
    std::copy(std::begin(free_lists), std::end(free_lists), std::begin(driver.fl_map));
    return H5FDregister(&driver);
}

}  // namespace

std::vector<ByteRange> DiskWrites::large_runs() const
{
    constexpr std::uint64_t least = 1 << 20;
    std::vector<ByteRange> sorted = numbers;
    std::ranges::sort(sorted, {}, &ByteRange::offset);
    std::vector<ByteRange> runs;
    for (ByteRange const& next : sorted)
    {
        if (!runs.empty() && next.offset <= runs.back().end())
        {
            runs.back().size = std::max(runs.back().end(), next.end()) - runs.back().offset;
        }
        else
        {
            runs.push_back(next);
        }
    }
    std::erase_if(runs, [](ByteRange const& run) { return run.size < least; });
    return runs;
}

void use_disk_driver(Handle const& access, DiskWrites& writes)
{
    LibraryLock const lock;
    static hid_t const driver = register_driver();
    DriverInfo const info{&writes};
    if (H5Pset_driver(access.get(), driver, &info) < 0)
    {
        throw std::bad_alloc();
    }
}

}  // namespace surf::h5
