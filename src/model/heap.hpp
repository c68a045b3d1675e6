#pragma once

#include <exception>

namespace surf::model
{

/// Prepares this process's memory for tensors; to be called once, before the first of them and
/// before the first thread is started.
///
/// The memory of large tensors is used again for the next ones of about their size, and goes back
/// to the system once many others have been asked for meanwhile. Iterations ask for the same sizes
/// over and over: malloc would leave gaps in the heap, since tensors are aligned, or map each anew,
/// and the kernel clear its pages every time.
///
/// Large tensors get huge pages, since weights stream through every trial iteration and translating
/// their addresses costs time. All threads share one heap. oneDNN and LibTorch keep fewer of the
/// kernels that they make for each shape: a batch that shrinks from 100 to 1 would leave 250 MB of
/// them, and making one anew takes less than an iteration. The environment has the last word on
/// THP_MEM_ALLOC_ENABLE, ONEDNN_PRIMITIVE_CACHE_CAPACITY and LRU_CACHE_CAPACITY.
void prepare_heap();

/// Gives the memory that waits for further tensors, and MKL's for further products, back to the
/// system: for who goes on to tensors of other sizes, or to none. No other thread may compute.
void release_unused_memory();

/// Whether an exception means that memory is short. Allocators of LibTorch have no type of their
/// own for it, and its interpreter of TorchScript takes the type from all that it passes on.
bool is_out_of_memory(std::exception const& error);

}  // namespace surf::model
