#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace surf::model
{

/// The generative models. The values are stored in files: never renumber.
enum class ModelKind : std::int8_t
{
    vae = 0,
    dcgan = 1,
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
};

/// Pixels of a generated image: 28 × 28, one channel, values in [0, 1].
inline constexpr std::int64_t image_side = 28;
inline constexpr std::int64_t image_size = image_side * image_side;

}  // namespace surf::model
