#include "train/wgan.hpp"

#include <torch/csrc/autograd/autograd.h>

namespace surf::train
{
using model::Mode;

at::Tensor wasserstein_loss(at::Tensor const& real_scores, at::Tensor const& fake_scores)
{
    return fake_scores.mean() - real_scores.mean();
}

at::Tensor gradient_norms(model::Network const& critic, at::Tensor const& points)
{
    at::Tensor const inputs = points.detach().requires_grad_(true);
    // Each score depends on its own point alone, so the sum's gradient holds all of theirs.
    at::Tensor const scores = critic.forward(inputs, Mode::training).sum();
    at::Tensor const gradients = torch::autograd::grad({scores}, {inputs}, /*grad_outputs=*/{},
                                                       /*retain_graph=*/true,
                                                       /*create_graph=*/true)
                                     .front();
    return at::linalg_vector_norm(gradients.flatten(1), 2, at::IntArrayRef{1});
}

at::Tensor gradient_penalty(at::Tensor const& norms)
{
    return (norms - 1).square().mean();
}

at::Tensor WganGpTrainer::critic_loss(CriticBatch const& batch)
{
    at::Tensor const points =
        at::lerp(batch.fake, batch.real, batches().mixing_weights(batch.draw));
    at::Tensor const norms = gradient_norms(critic(), points);
    at::Tensor const penalty = penalty_ * gradient_penalty(norms);
    log().add("gradient_norm", norms.mean());
    log().add("gradient_penalty", penalty);
    return wasserstein_loss(batch.real_scores, batch.fake_scores) + penalty;
}

}  // namespace surf::train
