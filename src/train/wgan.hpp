#pragma once

#include "train/adversarial.hpp"

namespace surf::train
{

/// Mean C(fake) − mean C(real), which the critic minimises (Arjovsky et al. 2017).
at::Tensor wasserstein_loss(at::Tensor const& real_scores, at::Tensor const& fake_scores);

/// Norms of a critic's gradient with respect to each of the points, images of such a shape:
/// [batch × pixels] → [batch], or [batch × channels × width] with PenaltyNorm::column.
/// Differentiable with respect to the critic's weights.
at::Tensor gradient_norms(model::Network const& critic, at::Tensor const& points,
                          Shape const& image, PenaltyNorm norm);
/// Mean (norm − 1)² (Gulrajani et al. 2017), still without its factor λ.
at::Tensor gradient_penalty(at::Tensor const& norms);

/// What both kinds of Wasserstein GAN share. Logs the critic's loss as "critic".
class WassersteinTrainer : public AdversarialTrainer
{
  protected:
    WassersteinTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device,
                       TrunkNorm critic_norm)
        : AdversarialTrainer(spec, images, device, "critic", critic_norm)
    {}

  private:
    at::Tensor generator_loss(at::Tensor const& fake_scores) const final
    {
        return -fake_scores.mean();
    }
    at::Tensor critic_gap(CriticBatch const& batch) const final
    {
        return -wasserstein_loss(batch.real_scores, batch.fake_scores);
    }
};

/// Wasserstein GAN (Arjovsky et al. 2017): the critic's weights, batch norm's included, are
/// clipped.
class WganTrainer final : public WassersteinTrainer
{
  public:
    WganTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device)
        : WassersteinTrainer(spec, images, device, TrunkNorm::batch), clip_(spec.hyper.clip)
    {}

  private:
    at::Tensor critic_loss(CriticBatch const& batch) override
    {
        return wasserstein_loss(batch.real_scores, batch.fake_scores);
    }
    void constrain(Learner& critic) const override { critic.clip(clip_); }

    double clip_;
};

/// Wasserstein GAN with gradient penalty (Gulrajani et al. 2017), on uniformly mixed pairs of real
/// and fake images. Batch norm in the critic, if it has any, takes real, fake and mixed images each
/// by themselves.
///
/// Also logs "gradient_norm", and as "gradient_penalty" the term of the critic's loss, λ included.
class WganGpTrainer final : public WassersteinTrainer
{
  public:
    WganGpTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device)
        : WassersteinTrainer(spec, images, device, spec.hyper.critic_norm),
          hyper_(spec.hyper),
          image_(spec.data.image)
    {}

  private:
    at::Tensor critic_loss(CriticBatch const& batch) override;
    void constrain(Learner&) const override {}

    Hyperparameters hyper_;
    Shape image_;
};

}  // namespace surf::train
