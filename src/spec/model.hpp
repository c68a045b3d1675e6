#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace surf
{

/// The generative models. The values are stored in files: never renumber.
enum class ModelKind : std::int8_t
{
    vae = 0,
    dcgan = 1,
    wgan = 2,
    wgan_gp = 3,
    relu = 4,
};

struct ModelEntry
{
    ModelKind kind;
    std::string_view name;         ///< in job files and results
    std::string_view description;  ///< for --help
};

/// Every model that can be named in a job file, by ascending kind.
inline constexpr std::array model_table = {
    ModelEntry{ModelKind::vae, "vae", "variational autoencoder (Kingma & Welling 2014)"},
    ModelEntry{ModelKind::dcgan, "dcgan", "deep convolutional GAN (Radford et al. 2015)"},
    ModelEntry{ModelKind::wgan, "wgan", "Wasserstein GAN, clipped critic (Arjovsky et al. 2017)"},
    ModelEntry{ModelKind::wgan_gp, "wgan-gp",
               "Wasserstein GAN, gradient penalty (Gulrajani et al. 2017)"},
    ModelEntry{ModelKind::relu, "relu", "the paper's section 3: expansive ReLU decoder of a VAE"},
};

/// Pixels of a generated image: 28 × 28, one channel, values in [0, 1].
inline constexpr std::int64_t image_side = 28;
inline constexpr std::int64_t image_size = image_side * image_side;

}  // namespace surf
