#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "base/named_array.hpp"
#include "chain/chain.hpp"
#include "data/images.hpp"
#include "model/network.hpp"
#include "spec/training.hpp"

namespace surf::train
{

/// Mean [d] and covariance [d × d] of a set of points, float64.
struct Moments
{
    at::Tensor mean;
    at::Tensor covariance;  ///< sums of products over count − 1
};

/// Moments of points [count × d], count ≥ 2.
Moments moments_of(at::Tensor const& points);

/// |m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁C₂)^½): squared Fréchet distance between two Gaussians (Dowson &
/// Landau 1982), as Heusel et al. 2017 apply it to sets of images.
double frechet_distance(Moments const& one, Moments const& other);

/// Judges a generator by samples of it, against images that it was not trained on. It draws from
/// streams of its own and leaves the generator as it is, so training goes the same way with and
/// without it. DCGAN on two cores: 0.19 s, where the 40 training steps between two snapshots take
/// 5.3 s; and 0.3 s once for the principal components.
///
/// Scores, as entries of the log:
/// - pixel_frechet_distance: between Gaussians fitted to samples and to held-out images, pixels in
///   [0, 1], both projected on the 64 leading principal components of the latter. 0 is best, but
///   1,024 images of the same kind as the held-out ones are at 0.4 (Fashion-MNIST): the fit to a
///   finite sample is never exact, and worse with fewer.
/// - diversity: the samples' total variance (summed over all pixels), in that of the held-out
///   images; 1 is as diverse as these, 0 one image for all latents.
class SampleQuality
{
  public:
    /// Throws InputError if all held-out images are the same.
    SampleQuality(TrainSpec const& spec, data::TestImages const& held_out, at::Device device);

    /// 1,024 samples; fewer where training batches have fewer than 64 images, of which it takes as
    /// many as 16 batches have, and at least the 64 that are shown.
    std::int64_t samples() const { return latents_.size(0); }

    struct Result
    {
        chain::Log scores;  ///< NaN where a sample is not finite
        NamedArray shown;   ///< "samples", the first 64: [64 × channels × rows × columns]
    };
    /// Judges samples of latents drawn from the model's prior, uniform on [−1, 1]^k for the GANs
    /// and standard normal for the others; the latents are the same at every call. Batch norm runs
    /// on running statistics, as in trials.
    Result judge(model::Network const& generator) const;

    /// Scores of images [count × n], count ≥ 2, with values in [0, 1].
    chain::Log score(at::Tensor const& images) const;

  private:
    at::Tensor latents_;   ///< [samples × k]
    at::Tensor mean_;      ///< of the held-out images: [n]
    at::Tensor basis_;     ///< principal components in columns: [n × 64], or fewer than images
    Moments held_out_;     ///< projected
    double variance_ = 0;  ///< total, over all pixels
};

/// A generator whose diversity is below this gives all but the same image for every latent. Far
/// below what a GAN with k = 2 has (DCGAN: 0.39 after 480 steps), since who is refused a chain for
/// it has no way around.
inline constexpr double collapse_bound = 0.02;
/// From so many training steps on that is a collapse; before, it may be a training that has hardly
/// begun (DCGAN, k = 2: diversity 0.0005 after 40 steps, 0.035 after 120).
inline constexpr std::int64_t collapse_steps = 1000;

}  // namespace surf::train
