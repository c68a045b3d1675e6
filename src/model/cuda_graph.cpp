// The plugin libsurf_cuda.so: what needs CUDA's own headers and LibTorch's CUDA libraries. The
// program is not linked with it, but loads it where there is a GPU (graph_plugin.cpp).
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/StreamGuard.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include "model/graph.hpp"

namespace surf::model
{
namespace
{

/// Work cannot be recorded on the default stream. One stream for all recorders: LibTorch keeps a
/// cuBLAS workspace for every stream that it has seen.
c10::cuda::CUDAStream recording_stream(c10::DeviceIndex device)
{
    static c10::cuda::CUDAStream const stream =
        c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device);
    TORCH_CHECK(stream.device_index() == device, "CUDA graphs are recorded on one GPU a process");
    return stream;
}

class CudaGraph final : public Graph
{
  public:
    /// Records on the current stream, with what the work makes in a memory pool.
    void record(std::function<void()> const& work, c10::MempoolId_t pool)
    {
        // This thread's calls alone: meanwhile another may allocate and copy the next snapshot.
        graph_.capture_begin(pool, cudaStreamCaptureModeThreadLocal);
        work();
        graph_.capture_end();
    }

    /// Ends a recording that failed: nothing else on this stream or from the allocator would work.
    void abandon(c10::DeviceIndex device, c10::MempoolId_t pool)
    {
        try
        {
            graph_.capture_end();
        }
        catch (c10::Error const&)
        {
            c10::cuda::CUDACachingAllocator::endAllocateToPool(device, pool);
        }
    }

    void replay() override { graph_.replay(); }

  private:
    at::cuda::CUDAGraph graph_;
};

class CudaGraphRecorder final : public GraphRecorder
{
  public:
    explicit CudaGraphRecorder(c10::DeviceIndex device)
        : stream_(recording_stream(device)), pool_(at::cuda::graph_pool_handle())
    {}

    /// Gives the pool's memory back, which nobody else can use, to the ranks that share this GPU.
    ~CudaGraphRecorder() override
    {
        try
        {
            c10::cuda::CUDACachingAllocator::emptyCache(pool_);
        }
        catch (c10::Error const& error)
        {
            TORCH_WARN("memory of CUDA graphs is not given back: ", error.what_without_backtrace());
        }
    }

    std::unique_ptr<Graph> record(std::function<void()> const& work) override
    {
        c10::StreamGuard const recording(stream_.unwrap());
        c10::cuda::device_synchronize();  // the work reads what other streams have written
        work();  // makes handles, workspaces and plans, which cannot be made while recording
        c10::cuda::device_synchronize();
        auto graph = std::make_unique<CudaGraph>();
        try
        {
            graph->record(work, pool_);
        }
        catch (...)
        {
            // LibTorch's allocators may go on asking a graph that failed: it has to stay.
            CudaGraph& failed = *graph.release();
            failed.abandon(stream_.device_index(), pool_);
            throw;
        }
        return graph;
    }

  private:
    c10::cuda::CUDAStream stream_;
    c10::MempoolId_t pool_;
};

}  // namespace
}  // namespace surf::model

extern "C" surf::model::GraphRecorder* surf_make_cuda_graph_recorder(int device_index)
{
    return new surf::model::CudaGraphRecorder(static_cast<c10::DeviceIndex>(device_index));
}
