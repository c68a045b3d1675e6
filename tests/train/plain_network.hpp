#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>

#include "spec/architecture.hpp"

namespace surf::test
{

/// Arrays by name.
using Tensors = std::map<std::string, at::Tensor>;

/// A network in training, by plain operations: linear algebra, sums and patches of images. Batch
/// norm is on batch statistics and moves the running ones.
struct PlainNetwork
{
    Tensors const& tensors;  ///< of "<name>.<layer>.<part>", as in a trainer's state
    std::string name;
    Shape image;
    /// Where a ReLU bends, in root mean squares of what enters the ReLUs of its layer: other than 0
    /// for who asks what would come of it if rounding put the units that are all but at 0 on the
    /// other side.
    double kink = 0;
};

/// InfoGAN's MNIST generator (Chen et al. 2016) without its sigmoid: [batch × k] → [batch ×
/// pixels].
at::Tensor infogan(PlainNetwork const& network, at::Tensor const& latents);

/// The generator of the paper's section 3, V σ(W_d … σ(W_1 x + b_1) … + b_d).
at::Tensor expansive(PlainNetwork const& network, at::Tensor const& latents);

/// InfoGAN's discriminator with as many outputs as there are weights for: [batch × pixels] →
/// [batch × outputs].
at::Tensor trunk(PlainNetwork const& network, at::Tensor const& images, TrunkNorm norm);

}  // namespace surf::test
