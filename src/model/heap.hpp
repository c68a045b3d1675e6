#pragma once

namespace surf::model
{

/// Prepares this process's heap for large tensors; to be called before the first thread is started.
///
/// They get huge pages, since weights stream through every trial iteration and translating their
/// addresses costs time. The largest float32 weights are given back as soon as they are freed, and
/// all threads share one heap. oneDNN and LibTorch keep fewer of the kernels that they make for
/// each shape: a batch that shrinks from 100 to 1 would leave 250 MB of them, and making one anew
/// takes less than an iteration. Of these the environment has the last word: THP_MEM_ALLOC_ENABLE,
/// ONEDNN_PRIMITIVE_CACHE_CAPACITY, LRU_CACHE_CAPACITY.
void prepare_heap();

/// While one of these lives, the process keeps the memory that it frees. A training step frees and
/// takes hundreds of megabytes: given back, they would be cleared anew each time, a tenth of the
/// step.
class FreedMemoryKept
{
  public:
    FreedMemoryKept();
    ~FreedMemoryKept();
    FreedMemoryKept(FreedMemoryKept const&) = delete;
    FreedMemoryKept& operator=(FreedMemoryKept const&) = delete;
};

}  // namespace surf::model
