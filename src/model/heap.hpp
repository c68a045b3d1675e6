#pragma once

namespace surf::model
{

/// Prepares this process's memory for tensors; to be called once, before the first of them and
/// before the first thread is started.
///
/// The memory of large tensors is used again for the next ones of about their size, and given back
/// to the system if it is not soon: iterations ask for the same sizes over and over, for which
/// malloc, since tensors are aligned, would leave gaps or, where it maps them, cleared pages. They
/// get huge pages, since weights stream through every trial iteration and translating their
/// addresses costs time. All threads share one heap. oneDNN and LibTorch keep fewer of the kernels
/// that they make for each shape, 64 and 16: a batch that shrinks from 100 to 1 would leave 250 MB
/// of them, and making one anew takes less than an iteration. (A training step uses more than 48;
/// LibTorch keeps its own beside oneDNN's and needs them less.) The environment has the last word
/// on THP_MEM_ALLOC_ENABLE, ONEDNN_PRIMITIVE_CACHE_CAPACITY and LRU_CACHE_CAPACITY.
void prepare_heap();

}  // namespace surf::model
