#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>
#include <vector>

#include "base/named_array.hpp"
#include "train/batches.hpp"

namespace surf::bench
{

/// Adam (Kingma & Ba 2015), tensor by tensor and operation by operation, as torch::optim::Adam.
class PlainAdam
{
  public:
    PlainAdam(std::vector<at::Tensor> tensors, Hyperparameters const& hyper, double rate);

    void zero_gradients();
    void step();

  private:
    std::vector<at::Tensor> tensors_;
    std::vector<at::Tensor> first_moments_;
    std::vector<at::Tensor> second_moments_;
    double beta1_;
    double beta2_;
    double epsilon_;
    double rate_;
    std::int64_t steps_ = 0;
};

/// DCGAN as a plain PyTorch script trains it: the program's networks, losses, batches and order of
/// updates, but contiguous tensors, autograd for all weights all the time, and PlainAdam.
class PlainDcgan
{
  public:
    /// From the weights in a trainer's state (train::Trainer::state()).
    PlainDcgan(TrainSpec const& spec, data::TrainingImages const& images, at::Device device,
               Parameters const& state);

    /// The losses of one training step, scalars on the device.
    struct Losses
    {
        at::Tensor discriminator;
        at::Tensor generator;
    };
    /// Training step number `step`: discriminator on real and generated images, then generator.
    Losses step(std::int64_t step);

  private:
    using Tensors = std::map<std::string, at::Tensor>;

    at::Tensor generate(at::Tensor const& latents) const;
    /// Logits: [batch × 1].
    at::Tensor discriminate(at::Tensor const& images) const;

    train::Batches batches_;
    Tensors generator_;
    Tensors discriminator_;
    PlainAdam generator_adam_;
    PlainAdam discriminator_adam_;
};

}  // namespace surf::bench
