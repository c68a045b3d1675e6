#include "base/mapped_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace surf
{

std::shared_ptr<std::byte const> map_file(int descriptor, std::uint64_t offset, std::size_t size)
{
    struct stat status = {};
    if (size == 0 || ::fstat(descriptor, &status) != 0)
    {
        return nullptr;
    }
    auto const file_size = static_cast<std::uint64_t>(status.st_size);
    if (offset > file_size || size > file_size - offset)
    {
        return nullptr;  // touching what is beyond the end would raise SIGBUS
    }
    std::size_t const before = offset % static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::size_t const length = before + size;
    // All pages at once: one at a time would cost more than a copy.
    void* const pages = ::mmap(nullptr, length, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor,
                               static_cast<off_t>(offset - before));
    if (pages == MAP_FAILED)
    {
        return nullptr;
    }
    return {static_cast<std::byte const*>(pages) + before,
            [pages, length](std::byte const*) { ::munmap(pages, length); }};
}

}  // namespace surf
