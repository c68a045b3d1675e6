#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/id.hpp"
#include "spec/model.hpp"

/// What a training run is asked to do: plain data without LibTorch.
namespace surf
{

/// Where a model's hyperparameters come from.
enum class Preset : std::int8_t
{
    collection = 0,
    published = 1,
};

struct PresetEntry
{
    Preset kind;
    std::string_view name;
    std::string_view description;
};

inline constexpr std::array preset_table = {
    PresetEntry{Preset::collection, "collection",
                "one batch size and optimiser for all, as in a public model collection"},
    PresetEntry{Preset::published, "published", "what each method's own paper used"},
};

enum class Optimiser : std::int8_t
{
    adam = 0,
    rmsprop = 1,
};

struct OptimiserEntry
{
    Optimiser kind;
    std::string_view name;
};

inline constexpr std::array optimiser_table = {
    OptimiserEntry{Optimiser::adam, "adam"},
    OptimiserEntry{Optimiser::rmsprop, "rmsprop"},
};

/// The resolved hyperparameters of one model. Which of them a model uses, uses() says.
struct Hyperparameters
{
    std::int64_t batch = 64;  ///< images a step
    Optimiser optimiser = Optimiser::adam;
    double generator_rate = 1e-3;      ///< learning rate of generator (VAE: of both networks)
    double discriminator_rate = 2e-4;  ///< learning rate of discriminator or critic
    double beta1 = 0.5;                ///< Adam: decay of the first moment
    double beta2 = 0.999;              ///< Adam: decay of the second moment
    double decay = 0.99;               ///< RMSProp: decay of the squared gradients
    double epsilon = 1e-8;             ///< added to the root of the second moment
    std::int64_t critic_steps = 1;     ///< updates of discriminator or critic a training step
    double clip = 0.01;                ///< WGAN: the critic's weights stay in [−clip, clip]
    double gradient_penalty = 0.25;    ///< WGAN-GP: λ
    double weight_deviation = 0.02;    ///< initial weights N(0, deviation²), not of relu's decoder
    std::int64_t hidden_layers = 2;    ///< relu: d
    double observation_deviation = 0.3;  ///< relu: σ of the Gaussian likelihood, pixel values
};

/// Hyperparameters that some models have no use for.
enum class Knob
{
    discriminator_rate,
    critic_steps,
    clip,
    gradient_penalty,
    weight_deviation,
    hidden_layers,
    observation_deviation,
};

/// Whether the hyperparameter affects this model's training.
bool uses(ModelKind model, Knob knob);

/// The preset's values for a model.
Hyperparameters preset_values(Preset preset, ModelKind model);

/// One checkpoint chain to be trained.
struct TrainSpec
{
    std::uint64_t seed = 0;
    ModelKind model = ModelKind::vae;
    std::int64_t latent_dim = 0;  ///< k
    Hyperparameters hyper;
    std::int64_t intervals = 100;          ///< T: snapshots 0 … T
    std::int64_t steps_per_snapshot = 40;  ///< training steps (one = one generator step)
    std::string data_checksum;             ///< of training and test images
    /// Compute threads. Part of the id: the order of float32 sums, and so the bits, depend on it.
    std::int64_t threads = 2;

    std::int64_t steps() const { return intervals * steps_per_snapshot; }
    /// All that affects the chain's bits.
    CanonicalText canonical() const;
    ChainId id() const { return ChainId::of(canonical()); }
    /// Names the chain's random streams.
    std::string stream_domain() const;
};

}  // namespace surf
