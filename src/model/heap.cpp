#include "model/heap.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <malloc.h>

#include <cstdlib>
#include <mutex>
#include <utility>

#include "model/block_cache.hpp"

namespace surf::model
{
namespace
{

constexpr int kibibyte = 1 << 10;
constexpr int mebibyte = 1 << 20;

/// Blocks of so many bytes and more are recycled. Those that are not kept any longer go back to the
/// system at once, since malloc maps each by itself.
constexpr int large = 256 * kibibyte;

/// For how many further requests of large blocks a freed one is kept: a training step makes up to
/// a few hundred, a trial iteration about ten.
constexpr std::uint64_t patience = 512;

/// Host memory of tensors, and of oneDNN, as LibTorch's own allocator gives it.
class RecyclingAllocator final : public c10::Allocator
{
  public:
    c10::DataPtr allocate(std::size_t bytes) override
    {
        void* const block = bytes < large ? c10::alloc_cpu(bytes) : recycle(bytes);
        return {block, block, &give_back, c10::DeviceType::CPU};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &give_back; }
    void copy_data(void* target, void const* source, std::size_t bytes) const override
    {
        default_copy_data(target, source, bytes);
    }

    /// Never destroyed: tensors of static lifetime may outlive everything else.
    static RecyclingAllocator& instance()
    {
        static auto& allocator = *new RecyclingAllocator;
        return allocator;
    }

  private:
    void* recycle(std::size_t bytes)
    {
        std::unique_lock lock(mutex_);
        void* const block = cache_.take(bytes);
        auto const stale = cache_.drop_stale();
        lock.unlock();
        for (void* const unused : stale)
        {
            c10::free_cpu(unused);
        }
        return block != nullptr ? block : c10::alloc_cpu(bytes);
    }

    static void give_back(void* block)
    {
        std::size_t const bytes = ::malloc_usable_size(block);
        if (bytes < large)
        {
            c10::free_cpu(block);
            return;
        }
        auto& allocator = instance();
        std::lock_guard const lock(allocator.mutex_);
        allocator.cache_.keep(block, bytes);
    }

    std::mutex mutex_;
    BlockCache cache_{patience};
};

}  // namespace

void prepare_heap()
{
    for (auto const& [name, value] : {std::pair{"THP_MEM_ALLOC_ENABLE", "1"},
                                      {"ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64"},
                                      {"LRU_CACHE_CAPACITY", "16"}})
    {
        ::setenv(name, value, /*overwrite=*/0);
    }
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_MMAP_THRESHOLD, large);
    ::mallopt(M_TRIM_THRESHOLD, 2 * mebibyte);
    c10::SetCPUAllocator(&RecyclingAllocator::instance());
}

}  // namespace surf::model
