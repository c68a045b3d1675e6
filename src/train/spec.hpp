#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/id.hpp"
#include "model/model_table.hpp"

/// What a training run is asked to do: plain data without LibTorch.
namespace surf::train
{

/// Where a model's hyperparameters come from.
enum class Preset : std::int8_t
{
    collection = 0,
};

struct PresetEntry
{
    Preset kind;
    std::string_view name;
    std::string_view description;
};

inline constexpr std::array preset_table = {
    PresetEntry{Preset::collection, "collection",
                "batch 64, Adam beta1 0.5; GAN: D 2e-4, G 1e-3; VAE: 1e-3, Bernoulli NLL + KL"},
};

/// The resolved hyperparameters of one model (algorithms: Adam, Kingma & Ba 2015).
struct Hyperparameters
{
    std::int64_t batch = 64;           ///< images a step
    double generator_rate = 1e-3;      ///< learning rate of generator (VAE: of both networks)
    double discriminator_rate = 2e-4;  ///< learning rate of discriminator (VAE: unused)
    double beta1 = 0.5;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double weight_deviation = 0.02;  ///< initial weights N(0, deviation²), biases 0
};

/// The preset's values for a model.
Hyperparameters preset_values(Preset preset, model::ModelKind model);

/// One checkpoint chain to be trained.
struct TrainSpec
{
    std::uint64_t seed = 0;
    model::ModelKind model = model::ModelKind::vae;
    std::int64_t latent_dim = 0;  ///< k
    Hyperparameters hyper;
    std::int64_t intervals = 100;          ///< T: snapshots 0 … T
    std::int64_t steps_per_snapshot = 40;  ///< training steps (one = one generator step)
    std::string data_checksum;             ///< of the training images
    /// Compute threads. Part of the id: the order of float32 sums, and so the bits, depend on it.
    std::int64_t threads = 2;

    std::int64_t steps() const { return intervals * steps_per_snapshot; }
    /// All that affects the chain's bits.
    CanonicalText canonical() const;
    ChainId id() const { return ChainId::of(canonical()); }
    /// Names the chain's random streams.
    std::string stream_domain() const;
};

}  // namespace surf::train
