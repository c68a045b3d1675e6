#include "train/batches.hpp"

#include <fmt/format.h>

#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace surf::train
{
namespace
{

std::span<float> values_of(at::Tensor const& tensor)
{
    return {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// A uniformly random order of 0 … count − 1 (Fisher & Yates).
at::Tensor random_order(std::int64_t count, RandomStream stream)
{
    at::Tensor const order = at::arange(count, at::kLong);
    auto* const items = order.mutable_data_ptr<std::int64_t>();
    for (std::int64_t i = count - 1; i > 0; --i)
    {
        auto const other = stream.below(static_cast<std::uint64_t>(i) + 1);
        std::swap(items[i], items[other]);
    }
    return order;
}

}  // namespace

Batches::Batches(TrainSpec const& spec, data::TrainingImages const& images, at::Device device)
    : spec_(spec), device_(device)
{
    if (images.count < spec.hyper.batch)
    {
        throw InputError(fmt::format(
            "train.batch = {}: the training split has only {} images; use a smaller batch",
            spec.hyper.batch, images.count));
    }
    auto* const bytes = const_cast<std::uint8_t*>(images.pixels.data());  // only read
    pixels_ = at::from_blob(bytes, {images.count, images.shape.size()}, at::kByte)
                  .to(device, at::kByte, /*non_blocking=*/false, /*copy=*/true);
}

RandomStream Batches::stream(Purpose purpose, std::int64_t index) const
{
    return RandomStream(spec_.seed, spec_.stream_domain(), purpose,
                        static_cast<std::uint64_t>(index));
}

at::Tensor Batches::images(std::int64_t draw)
{
    std::int64_t const batch = spec_.hyper.batch;
    std::int64_t const batches_per_epoch = pixels_.size(0) / batch;
    if (std::int64_t const epoch = draw / batches_per_epoch; epoch != epoch_)
    {
        epoch_ = epoch;
        order_ = random_order(pixels_.size(0), stream(Purpose::batch_order, epoch)).to(device_);
    }
    at::Tensor const chosen = order_.narrow(0, draw % batches_per_epoch * batch, batch);
    return pixels_.index_select(0, chosen).to(at::kFloat).div_(255.0);
}

at::Tensor Batches::uniform_latents(std::int64_t draw) const
{
    at::Tensor const latents = at::empty({spec_.hyper.batch, spec_.latent_dim});
    stream(Purpose::prior, draw).fill_uniform(values_of(latents), -1, 1);
    return latents.to(device_);
}

at::Tensor Batches::normal_noise(std::int64_t draw) const
{
    at::Tensor const noise = at::empty({spec_.hyper.batch, spec_.latent_dim});
    stream(Purpose::encoder_noise, draw).fill_normal(values_of(noise), 0, 1);
    return noise.to(device_);
}

at::Tensor Batches::mixing_weights(std::int64_t draw, std::int64_t count) const
{
    at::Tensor const weights = at::empty({spec_.hyper.batch, count});
    stream(Purpose::interpolation, draw).fill_uniform(values_of(weights), 0, 1);
    return weights.to(device_);
}

}  // namespace surf::train
