#include "model/memory_cache.hpp"

namespace surf::model
{

void* MemoryCache::take(std::size_t bytes)
{
    ++requests_;
    auto const smallest = kept_.lower_bound(bytes);
    if (smallest == kept_.end() || smallest->first > bytes + bytes / 4)
    {
        return nullptr;
    }
    void* const block = smallest->second.block;
    kept_.erase(smallest);
    return block;
}

void MemoryCache::keep(void* block, std::size_t bytes)
{
    // In front of those of its size, to be taken first.
    kept_.emplace_hint(kept_.lower_bound(bytes), bytes, Kept{block, requests_});
}

std::vector<void*> MemoryCache::drop_stale()
{
    std::vector<void*> stale;
    for (auto entry = kept_.begin(); entry != kept_.end();)
    {
        if (requests_ - entry->second.since <= patience_)
        {
            ++entry;
            continue;
        }
        stale.push_back(entry->second.block);
        entry = kept_.erase(entry);
    }
    return stale;
}

std::vector<void*> MemoryCache::drop_all()
{
    std::vector<void*> all;
    for (auto const& [size, kept] : kept_)
    {
        all.push_back(kept.block);
    }
    kept_.clear();
    return all;
}

}  // namespace surf::model
