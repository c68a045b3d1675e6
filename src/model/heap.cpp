#include "model/heap.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/Exception.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "model/memory_cache.hpp"

/// MKL's mkl_free_buffers(), as LibTorch exports it; null where LibTorch comes without MKL.
extern "C" [[gnu::weak]] void mkl_serv_free_buffers();

namespace surf::model
{
namespace
{

constexpr std::size_t kibibyte = 1 << 10;
constexpr std::size_t mebibyte = 1 << 20;

/// Blocks that have room for so many bytes are recycled. malloc maps those by itself, unless the
/// heap has a gap for them, so that they go back to the system once they are freed.
constexpr std::size_t large = 256 * kibibyte;

/// More than malloc ever adds to what it is asked for.
constexpr std::size_t most_added = 16 * kibibyte;

/// For how many further requests of large blocks a freed one is kept: a training step makes up to
/// a few hundred, a trial iteration about ten.
constexpr std::uint64_t patience = 512;

/// LibTorch's own allocator of host memory, for tensors and for oneDNN, behind a cache of large
/// blocks.
class RecyclingAllocator final : public c10::Allocator
{
  public:
    c10::DataPtr allocate(std::size_t bytes) override
    {
        void* block = nullptr;
        if (bytes + most_added >= large)
        {
            block = take(bytes);
        }
        if (block == nullptr)
        {
            block = c10::alloc_cpu(bytes);
        }
        return {block, block, &give_back, c10::DeviceType::CPU};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &give_back; }
    void copy_data(void* target, void const* source, std::size_t bytes) const override
    {
        default_copy_data(target, source, bytes);
    }

    void release_kept()
    {
        std::unique_lock lock(mutex_);
        auto const unused = cache_.drop_all();
        lock.unlock();
        free_all(unused);
    }

    /// Never destroyed: tensors of static lifetime may outlive everything else.
    static RecyclingAllocator& instance()
    {
        static auto& allocator = *new RecyclingAllocator;
        return allocator;
    }

  private:
    /// Null if no block is kept that would do.
    void* take(std::size_t bytes)
    {
        std::unique_lock lock(mutex_);
        void* const block = cache_.take(bytes);
        auto const stale = cache_.drop_stale();
        lock.unlock();
        free_all(stale);
        return block;
    }

    static void free_all(std::vector<void*> const& blocks)
    {
        for (void* const block : blocks)
        {
            c10::free_cpu(block);
        }
    }

    static void give_back(void* block)
    {
        std::size_t const bytes = ::malloc_usable_size(block);
        if (bytes < large || !instance().keep(block, bytes))
        {
            c10::free_cpu(block);
        }
    }

    /// Whether there was memory to take note of the block.
    bool keep(void* block, std::size_t bytes) noexcept
    try
    {
        std::lock_guard const lock(mutex_);
        cache_.keep(block, bytes);
        return true;
    }
    catch (std::bad_alloc const&)
    {
        return false;
    }

    std::mutex mutex_;
    MemoryCache cache_{patience};
};

}  // namespace

void prepare_heap()
{
    // A training step slows down if oneDNN keeps 48 kernels or fewer; LibTorch's own cache, which
    // refers to the same ones, may be smaller.
    for (auto const& [name, value] : {std::pair{"THP_MEM_ALLOC_ENABLE", "1"},
                                      {"ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64"},
                                      {"LRU_CACHE_CAPACITY", "16"}})
    {
        ::setenv(name, value, /*overwrite=*/0);
    }
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(large));
    ::mallopt(M_TRIM_THRESHOLD, static_cast<int>(2 * mebibyte));
    c10::SetCPUAllocator(&RecyclingAllocator::instance());
}

void release_unused_memory()
{
    RecyclingAllocator::instance().release_kept();
    if (mkl_serv_free_buffers != nullptr)
    {
        mkl_serv_free_buffers();
    }
    ::malloc_trim(0);
}

bool is_out_of_memory(std::exception const& error)
{
    constexpr std::array<std::string_view, 3> texts = {"can't allocate memory", "out of memory",
                                                       "std::bad_alloc"};
    std::string_view const text = error.what();
    return dynamic_cast<std::bad_alloc const*>(&error) != nullptr ||
           dynamic_cast<c10::OutOfMemoryError const*>(&error) != nullptr ||
           std::ranges::any_of(texts, [&](auto part) { return text.find(part) != text.npos; });
}

}  // namespace surf::model
