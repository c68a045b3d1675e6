#pragma once

#include "train/trainer.hpp"

namespace surf::train
{

/// −log p(image | x), Bernoulli in every pixel, summed over pixels, mean over the batch.
at::Tensor bernoulli_loss(at::Tensor const& logits, at::Tensor const& images);
/// −log p(image | x), N(mean, deviation²) in every pixel, summed over pixels, mean over the batch.
at::Tensor gaussian_loss(at::Tensor const& means, at::Tensor const& images, double deviation);
/// log σ² of the latents, [batch × k], from what the encoder gives. A softplus is kept from 0.
at::Tensor log_variance_of(at::Tensor const& code, EncoderSpread spread);
/// KL(N(mean, exp(log_variance)) ‖ N(0, I)), mean over the batch (Kingma & Welling 2014, appendix
/// B).
at::Tensor gaussian_divergence(at::Tensor const& mean, at::Tensor const& log_variance);

/// Variational autoencoder whose decoder is the generator, with a Gaussian likelihood where its
/// output is linear and a Bernoulli one elsewhere. Logs "reconstruction" and "divergence", whose
/// sum is its loss.
class VaeTrainer final : public Trainer
{
  public:
    VaeTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device);

    void step(std::int64_t step) override;
    model::Network const& generator() const override { return decoder_.network(); }
    Parameters state() const override;
    void restore(Parameters const& arrays) override;

  private:
    /// −log p(image | x) of what the decoder makes of the latents.
    at::Tensor reconstruction_loss(at::Tensor const& latents, at::Tensor const& images) const;

    TrainSpec spec_;
    Batches batches_;
    Learner decoder_;
    Learner encoder_;
};

}  // namespace surf::train
