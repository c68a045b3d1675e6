#include "train/wgan.hpp"

#include <torch/csrc/autograd/autograd.h>

namespace surf::train
{
using model::Mode;

at::Tensor wasserstein_loss(at::Tensor const& real_scores, at::Tensor const& fake_scores)
{
    return fake_scores.mean() - real_scores.mean();
}

at::Tensor gradient_norms(model::Network const& critic, at::Tensor const& points,
                          Shape const& image, PenaltyNorm norm)
{
    at::Tensor const inputs = points.detach().requires_grad_(true);
    // Without batch norm each score depends on its own point alone: the sum's gradient holds all.
    at::Tensor const scores = critic.forward(inputs, Mode::training).sum();
    at::Tensor const gradients = torch::autograd::grad({scores}, {inputs}, /*grad_outputs=*/{},
                                                       /*retain_graph=*/true,
                                                       /*create_graph=*/true)
                                     .front();
    constexpr std::int64_t rows = 2;
    return norm == PenaltyNorm::image
               ? at::linalg_vector_norm(gradients.flatten(1), 2, at::IntArrayRef{1})
               : at::linalg_vector_norm(
                     gradients.reshape({-1, image.channels, image.height, image.width}), 2,
                     at::IntArrayRef{rows});
}

at::Tensor gradient_penalty(at::Tensor const& norms)
{
    return (norms - 1).square().mean();
}

at::Tensor WganGpTrainer::critic_loss(CriticBatch const& batch)
{
    bool const per_pixel = hyper_.penalty_mixing == PenaltyMixing::pixel;
    at::Tensor const points =
        at::lerp(batch.fake, batch.real,
                 batches().mixing_weights(batch.draw, per_pixel ? image_.size() : 1));
    at::Tensor const norms = gradient_norms(critic(), points, image_, hyper_.penalty_norm);
    at::Tensor const penalty = hyper_.gradient_penalty * gradient_penalty(norms);
    log().add("gradient_norm", norms.mean());
    log().add("gradient_penalty", penalty);
    return wasserstein_loss(batch.real_scores, batch.fake_scores) + penalty;
}

}  // namespace surf::train
