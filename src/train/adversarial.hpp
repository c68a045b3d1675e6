#pragma once

#include <string>

#include "train/trainer.hpp"

namespace surf::train
{

/// What one update of the critic looks at.
struct CriticBatch
{
    at::Tensor real;         ///< images: [batch × pixels]
    at::Tensor fake;         ///< generated images, without autograd: [batch × pixels]
    at::Tensor real_scores;  ///< what the critic makes of them: [batch × 1]
    at::Tensor fake_scores;
    std::int64_t draw = 0;  ///< number of the update, counted through all steps
};

/// What the GANs share: a generator and a critic that train against each other.
///
/// A step is critic_steps updates of the critic, each on real images and noise of its own, and one
/// of the generator, on the fake images of the last of them. Logs the critic's loss under its name,
/// "generator" and "critic_gap".
class AdversarialTrainer : public Trainer
{
  public:
    void step(std::int64_t step) final;
    model::Network const& generator() const final { return generator_.network(); }
    Parameters state() const final;
    void restore(Parameters const& arrays) final;

  protected:
    AdversarialTrainer(TrainSpec const& spec, data::TrainingImages const& images, at::Device device,
                       std::string const& critic_name, TrunkNorm critic_norm);

    /// What the critic minimises.
    virtual at::Tensor critic_loss(CriticBatch const& batch) = 0;
    /// What the generator minimises.
    virtual at::Tensor generator_loss(at::Tensor const& fake_scores) const = 0;
    /// How well the critic tells real from fake: 0 if not at all.
    virtual at::Tensor critic_gap(CriticBatch const& batch) const = 0;
    /// Done after each update of the critic.
    virtual void constrain(Learner& critic) const = 0;

    Batches const& batches() const { return batches_; }
    model::Network const& critic() const { return critic_.network(); }

  private:
    /// Moves the critic by one batch; `fake` are generated images, with or without autograd.
    void update_critic(std::int64_t draw, at::Tensor const& fake);
    void update_generator(at::Tensor const& fake);

    Batches batches_;
    std::int64_t critic_steps_;
    std::string critic_name_;
    Learner generator_;
    Learner critic_;
};

}  // namespace surf::train
