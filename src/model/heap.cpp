#include "model/heap.hpp"

#include <malloc.h>

#include <cstdlib>
#include <limits>
#include <utility>

namespace surf::model
{
namespace
{

constexpr int mebibyte = 1 << 20;

/// Between the activations of an iteration, which come and go, and a network's largest weights.
constexpr int trial_threshold = 16 * mebibyte;
/// The most that glibc takes, and above the largest tensor of a training step.
constexpr int training_threshold = 32 * mebibyte;

/// Blocks from `threshold` on are mapped by themselves and given back when freed; so is what is
/// free at the end of the heap beyond `kept`. In bytes.
void set_thresholds(int threshold, int kept)
{
    ::mallopt(M_MMAP_THRESHOLD, threshold);
    ::mallopt(M_TRIM_THRESHOLD, kept);
}

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
    set_thresholds(trial_threshold, trial_threshold);
}

FreedMemoryKept::FreedMemoryKept()
{
    set_thresholds(training_threshold, std::numeric_limits<int>::max());
    ::mallopt(M_TOP_PAD, 2 * training_threshold);
}

FreedMemoryKept::~FreedMemoryKept()
{
    set_thresholds(trial_threshold, trial_threshold);
    ::mallopt(M_TOP_PAD, 0);
    ::malloc_trim(0);
}

}  // namespace surf::model
