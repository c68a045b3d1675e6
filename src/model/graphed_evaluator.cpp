#include "model/graphed_evaluator.hpp"

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <bit>

#include "base/contract.hpp"
#include "base/log.hpp"
#include "model/graph_plugin.hpp"

namespace surf::model
{
namespace
{

/// Recording costs about as much as so many evaluations, so work that is done less often than that,
/// on a snapshot that is soon left behind, had better stay plain.
constexpr int plain_evaluations = 10;

}  // namespace

std::int64_t recorded_batch(std::int64_t batch)
{
    constexpr std::uint64_t smallest = 16;
    auto const rows = std::max(static_cast<std::uint64_t>(batch), smallest);
    std::uint64_t const step = std::bit_floor(rows) / 2;
    return static_cast<std::int64_t>((rows + step - 1) / step * step);
}

GraphedEvaluator::GraphedEvaluator(std::unique_ptr<Evaluator> plain,
                                   std::unique_ptr<GraphRecorder> recorder)
    : recorder_(std::move(recorder)), plain_(std::move(plain))
{
    EXPECT(plain_ && recorder_);
}

at::Tensor GraphedEvaluator::forward(at::Tensor const& latents)
{
    c10::InferenceMode const no_autograd;
    last_ = recording_for(latents);
    last_batch_ = latents.size(0);
    if (last_ == nullptr)
    {
        return plain_->forward(latents);
    }
    std::int64_t const batch = latents.size(0);
    last_->latents.narrow(0, 0, batch).copy_(latents);
    last_->forward->replay();
    return last_->output.narrow(0, 0, batch);
}

at::Tensor GraphedEvaluator::backward(at::Tensor const& gradient)
{
    c10::InferenceMode const no_autograd;
    if (last_ == nullptr)
    {
        return plain_->backward(gradient);
    }
    std::int64_t const batch = gradient.size(0);
    last_->gradient.narrow(0, 0, batch).copy_(gradient);
    last_->backward->replay();
    return last_->pulled.narrow(0, 0, batch);
}

void GraphedEvaluator::repeat_plainly()
{
    if (last_ != nullptr)
    {
        plain_->forward(last_->latents.narrow(0, 0, last_batch_));
        last_ = nullptr;
    }
}

at::Tensor GraphedEvaluator::jacobian()
{
    repeat_plainly();
    return plain_->jacobian();
}

at::Tensor GraphedEvaluator::jacobian_of(at::Tensor const& rows)
{
    repeat_plainly();
    return plain_->jacobian_of(rows);
}

Linearised GraphedEvaluator::linearise(at::Tensor const& latents, at::Tensor const& rows)
{
    last_ = nullptr;
    return plain_->linearise(latents, rows);
}

GraphedEvaluator::Recording* GraphedEvaluator::recording_for(at::Tensor const& latents)
{
    largest_batch_ = std::max(largest_batch_, latents.size(0));
    std::int64_t const batch = std::min(recorded_batch(latents.size(0)), largest_batch_);
    Size& size = sizes_[batch];
    if (!size.recording && recorder_works_ && ++size.plain_evaluations > plain_evaluations)
    {
        try
        {
            size.recording = record(latents, batch);
        }
        catch (c10::Error const& error)
        {
            spdlog::warn(
                "CUDA graphs: a batch of {} cannot be recorded, so evaluation goes on "
                "without (SURF_CUDA_GRAPHS=off does from the start): {}",
                batch, error.what_without_backtrace());
            recorder_works_ = false;
        }
    }
    return size.recording.get();
}

/// Both at once: the backward pass reads what the last forward pass has left in the evaluator, and
/// recorded, it will read at those addresses for ever.
std::unique_ptr<GraphedEvaluator::Recording> GraphedEvaluator::record(at::Tensor const& latents,
                                                                      std::int64_t batch)
{
    auto recording = std::make_unique<Recording>();
    Recording& made = *recording;
    made.latents = at::zeros({batch, latents.size(1)}, latents.options());
    made.forward =
        recorder_->record([this, &made] { made.output = plain_->forward(made.latents); });
    made.gradient = at::zeros(made.output.sizes(), made.output.options());
    made.backward =
        recorder_->record([this, &made] { made.pulled = plain_->backward(made.gradient); });
    return recording;
}

std::unique_ptr<Evaluator> with_graphs(std::unique_ptr<Evaluator> evaluator, at::Device device)
{
    auto recorder = graph_recorder(device);
    if (!recorder)
    {
        return evaluator;
    }
    return std::make_unique<GraphedEvaluator>(std::move(evaluator), std::move(recorder));
}

}  // namespace surf::model
