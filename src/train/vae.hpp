#pragma once

#include "train/trainer.hpp"

namespace surf::train
{

/// −log p(image | x), Bernoulli in every pixel, summed over pixels, mean over the batch.
at::Tensor bernoulli_loss(at::Tensor const& logits, at::Tensor const& images);
/// KL(N(mean, exp(log_variance)) ‖ N(0, I)), mean over the batch (Kingma & Welling 2014, appendix
/// B).
at::Tensor gaussian_divergence(at::Tensor const& mean, at::Tensor const& log_variance);

/// Variational autoencoder with a Bernoulli likelihood; the decoder is the generator.
class VaeTrainer final : public Trainer
{
  public:
    VaeTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device);

    void step(std::int64_t step) override;
    Parameters generator() const override { return decoder_.network().parameters(); }
    Parameters state() const override;
    void restore(Parameters const& arrays) override;

  private:
    Batches batches_;
    Learner decoder_;
    Learner encoder_;
};

}  // namespace surf::train
