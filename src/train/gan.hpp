#pragma once

#include "train/adversarial.hpp"

namespace surf::train
{

/// −log D(real) − log(1 − D(fake)), mean over the batch (Goodfellow et al. 2014), from logits.
at::Tensor discriminator_loss(at::Tensor const& real_logits, at::Tensor const& fake_logits);
/// −log D(fake), mean over the batch: the non-saturating generator loss, from logits.
at::Tensor non_saturating_loss(at::Tensor const& fake_logits);
/// Mean D(real) − mean D(fake), from logits.
at::Tensor probability_gap(at::Tensor const& real_logits, at::Tensor const& fake_logits);

/// DCGAN (Radford et al. 2015). The critic's score is the discriminator's logit; logs its loss as
/// "discriminator".
class GanTrainer final : public AdversarialTrainer
{
  public:
    GanTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device)
        : AdversarialTrainer(spec, images, device, "discriminator", TrunkNorm::batch)
    {}

  private:
    at::Tensor critic_loss(CriticBatch const& batch) override
    {
        return discriminator_loss(batch.real_scores, batch.fake_scores);
    }
    at::Tensor generator_loss(at::Tensor const& fake_scores) const override
    {
        return non_saturating_loss(fake_scores);
    }
    at::Tensor critic_gap(CriticBatch const& batch) const override
    {
        return probability_gap(batch.real_scores, batch.fake_scores);
    }
    void constrain(Learner&) const override {}
};

}  // namespace surf::train
