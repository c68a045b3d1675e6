#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "model/evaluator.hpp"
#include "model/graph.hpp"

namespace surf::model
{

/// The batch that `batch` rows are computed as once recorded: the next of 16, 24, 32, 48, 64, 96, …
///
/// Batches shrink as trials end, and each size is recorded for itself: at most two for each
/// halving, and at most a third of the rows for nothing (a few more below 16).
std::int64_t recorded_batch(std::int64_t batch);

/// An evaluator whose forward and backward pass are recorded and replayed, each as one launch: at
/// small batches a GPU waits for the launches of their many kernels.
///
/// A batch size that stays is recorded after a few evaluations; until then, and if recording fails
/// (with a warning), the evaluator is the plain one. Equal to it up to rounding, for its products
/// depend on the size of the batch: rows do not on each other, so surplus ones may hold anything.
/// Results stay valid until the next call.
class GraphedEvaluator final : public Evaluator
{
  public:
    GraphedEvaluator(std::unique_ptr<Evaluator> plain, std::unique_ptr<GraphRecorder> recorder);

    at::Tensor forward(at::Tensor const& latents) override;
    at::Tensor backward(at::Tensor const& gradient) override;
    /// Never recorded: where the last forward pass was, it is done again.
    at::Tensor jacobian() override;
    at::Tensor jacobian_of(at::Tensor const& rows) override;
    /// Never recorded.
    Linearised linearise(at::Tensor const& latents, at::Tensor const& rows) override;

  private:
    /// Both passes for one batch size, with the tensors that they read and write.
    struct Recording
    {
        at::Tensor latents;
        at::Tensor output;
        at::Tensor gradient;
        at::Tensor pulled;  ///< the gradient to the latents
        std::unique_ptr<Graph> forward;
        std::unique_ptr<Graph> backward;
    };
    /// A batch size and what was done with it.
    struct Size
    {
        int plain_evaluations = 0;
        std::unique_ptr<Recording> recording;  ///< null: none yet
    };

    /// Has the plain evaluator stand where the last forward pass was.
    void repeat_plainly();
    /// The recording for so many latents, made if its time has come; null if it has not.
    Recording* recording_for(at::Tensor const& latents);
    std::unique_ptr<Recording> record(at::Tensor const& latents, std::int64_t batch);

    std::unique_ptr<GraphRecorder> recorder_;  ///< destroyed last
    bool recorder_works_ = true;
    std::unique_ptr<Evaluator> plain_;
    std::map<std::int64_t, Size> sizes_;
    std::int64_t largest_batch_ = 0;
    std::int64_t last_batch_ = 0;  ///< rows of the last forward()
    Recording* last_ = nullptr;    ///< of the last forward(); null: it was a plain one
};

/// The evaluator with its work recorded, where there are graphs for the device (graph_plugin.hpp);
/// elsewhere the evaluator itself.
std::unique_ptr<Evaluator> with_graphs(std::unique_ptr<Evaluator> evaluator, at::Device device);

}  // namespace surf::model
