#include "model/heap.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <utility>

namespace surf::model
{
namespace
{

constexpr int mebibyte = 1 << 20;

/// Blocks that are larger than `own_mapping` are mapped by themselves and given back when freed, as
/// is what is free at the heap's end beyond `kept`. The heap grows by `padding` more than is asked
/// for. In bytes.
struct HeapSettings
{
    int own_mapping;
    int kept;
    int padding;

    void apply() const
    {
        ::mallopt(M_MMAP_THRESHOLD, own_mapping);
        ::mallopt(M_TRIM_THRESHOLD, kept);
        ::mallopt(M_TOP_PAD, padding);
    }
};

/// Just below the largest weight of InfoGAN's generator in float32 (24.5 MiB); activations, which
/// come and go, are smaller: 5 MiB in a batch of 100, and 24 MiB where its Jacobians are taken.
constexpr HeapSettings for_trials = {24 * mebibyte, 16 * mebibyte, 128 << 10};
/// The most that glibc takes as a threshold, above the largest tensor of a training step.
constexpr HeapSettings for_training = {32 * mebibyte, std::numeric_limits<int>::max(),
                                       64 * mebibyte};

std::atomic<int> keepers = 0;

}  // namespace

void prepare_heap()
{
    for (auto const& [name, value] : {std::pair{"THP_MEM_ALLOC_ENABLE", "1"},
                                      {"ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64"},
                                      {"LRU_CACHE_CAPACITY", "64"}})
    {
        ::setenv(name, value, /*overwrite=*/0);
    }
    ::mallopt(M_ARENA_MAX, 1);
    for_trials.apply();
}

FreedMemoryKept::FreedMemoryKept()
{
    if (keepers++ == 0)
    {
        for_training.apply();
    }
}

FreedMemoryKept::~FreedMemoryKept()
{
    if (--keepers == 0)
    {
        for_trials.apply();
        ::malloc_trim(0);
    }
}

}  // namespace surf::model
