#pragma once

#include "base/random.hpp"
#include "data/images.hpp"
#include "spec/training.hpp"
#include "support/models.hpp"

namespace surf::test
{

/// 200 training images of noise: enough for a few steps.
inline data::TrainingImages noise_images()
{
    data::Images images;
    images.count = 200;
    images.shape = small_image;
    RandomStream stream(1, "test/images", Purpose::prior, 0);
    for (std::int64_t i = 0; i < images.count * images.shape.size(); ++i)
    {
        images.pixels.push_back(static_cast<std::uint8_t>(stream.below(256)));
    }
    images.checksum = "noise";
    return data::TrainingImages(std::move(images));
}

inline TrainSpec small_training(Model const& model, Preset preset = Preset::collection)
{
    TrainSpec spec;
    spec.seed = 5;
    spec.model = model;
    spec.latent_dim = 3;
    spec.hyper = preset_values(preset, model);
    spec.hyper.batch = 8;
    spec.intervals = 3;
    spec.steps_per_snapshot = 2;
    spec.threads = 1;
    spec.data = {"noise", small_image};
    return spec;
}

}  // namespace surf::test
