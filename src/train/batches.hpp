#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "base/random.hpp"
#include "data/images.hpp"
#include "spec/training.hpp"

namespace surf::train
{

/// The random inputs of a training: image batches and noise. All depend on their number alone, so a
/// resumed training draws what the uninterrupted one would have drawn. The number is that of the
/// training step; where a step needs several draws of a kind, they are counted through.
class Batches
{
  public:
    /// Throws InputError if there are fewer images than a batch takes.
    Batches(TrainSpec const& spec, data::TrainingImages const& images, at::Device device);

    /// Images in [0, 1]: [batch × pixels]. Every epoch visits the images in an order of its own;
    /// what does not fill a batch is left out.
    at::Tensor images(std::int64_t draw);
    /// Uniform on [−1, 1]^k: [batch × k].
    at::Tensor uniform_latents(std::int64_t draw) const;
    /// Standard normal: [batch × k].
    at::Tensor normal_noise(std::int64_t draw) const;
    /// Uniform on [0, 1], so many for each sample: [batch × count].
    at::Tensor mixing_weights(std::int64_t draw, std::int64_t count) const;

  private:
    RandomStream stream(Purpose purpose, std::int64_t index) const;

    TrainSpec spec_;
    at::Device device_;
    at::Tensor pixels_;  ///< all training images, uint8: [count × pixels]
    std::int64_t epoch_ = -1;
    at::Tensor order_;  ///< of the current epoch
};

}  // namespace surf::train
