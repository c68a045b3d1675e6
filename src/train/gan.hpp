#pragma once

#include "train/trainer.hpp"

namespace surf::train
{

/// −log D(real) − log(1 − D(fake)), mean over the batch (Goodfellow et al. 2014), from logits.
at::Tensor discriminator_loss(at::Tensor const& real_logits, at::Tensor const& fake_logits);
/// −log D(fake), mean over the batch: the non-saturating generator loss.
at::Tensor generator_loss(at::Tensor const& fake_logits);

/// DCGAN (Radford et al. 2015): a step is one discriminator update and one generator update on the
/// same fake images.
class GanTrainer final : public Trainer
{
  public:
    GanTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device);

    void step(std::int64_t step) override;
    Parameters generator() const override { return generator_.network().parameters(); }
    Parameters state() const override;
    void restore(Parameters const& arrays) override;

  private:
    Batches batches_;
    Learner generator_;
    Learner discriminator_;
};

}  // namespace surf::train
