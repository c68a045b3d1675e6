#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace surf::model
{

/// Freed blocks of memory, kept for those who ask for about as much next. Knows of blocks only
/// where they are and how large; not thread-safe.
class MemoryCache
{
  public:
    /// A block is stale once more than `patience` requests have been made since it was freed.
    explicit MemoryCache(std::uint64_t patience) : patience_(patience) {}

    /// The smallest block kept that is as large as that, or up to a quarter larger, and of those of
    /// one size the last freed. It is no longer kept. Null if there is none.
    void* take(std::size_t bytes);
    void keep(void* block, std::size_t bytes);
    /// The stale blocks, which are not kept any longer: the caller's to free.
    std::vector<void*> drop_stale();
    /// All blocks, likewise.
    std::vector<void*> drop_all();

  private:
    struct Kept
    {
        void* block;
        std::uint64_t since;  ///< requests made before it was freed
    };

    std::uint64_t patience_;
    std::uint64_t requests_ = 0;
    std::multimap<std::size_t, Kept> kept_;  ///< by size
};

}  // namespace surf::model
