#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/id.hpp"
#include "spec/architecture.hpp"
#include "spec/generator.hpp"

/// What a training run is asked to do.
namespace surf
{

/// Where hyperparameters come from.
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
                "one batch size and optimiser for all, as in hwalsuklee's collection of TensorFlow "
                "models"},
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

/// How many weights mix a real and a fake image to a point of WGAN-GP's penalty.
enum class PenaltyMixing : std::int8_t
{
    image = 0,
    pixel = 1,
};

struct PenaltyMixingEntry
{
    PenaltyMixing kind;
    std::string_view name;
};

inline constexpr std::array penalty_mixing_table = {
    PenaltyMixingEntry{PenaltyMixing::image, "image"},
    PenaltyMixingEntry{PenaltyMixing::pixel, "pixel"},
};

/// Of which parts of a critic's gradient WGAN-GP's penalty draws the norms to 1.
enum class PenaltyNorm : std::int8_t
{
    image = 0,   ///< one norm an image, over all of its numbers
    column = 1,  ///< one norm a column of each channel, over its rows
};

struct PenaltyNormEntry
{
    PenaltyNorm kind;
    std::string_view name;
};

inline constexpr std::array penalty_norm_table = {
    PenaltyNormEntry{PenaltyNorm::image, "image"},
    PenaltyNormEntry{PenaltyNorm::column, "column"},
};

/// What a VAE's encoder gives the standard deviation of a latent as.
enum class EncoderSpread : std::int8_t
{
    log_variance = 0,
    softplus = 1,  ///< a number whose softplus it is
};

struct EncoderSpreadEntry
{
    EncoderSpread kind;
    std::string_view name;
};

inline constexpr std::array encoder_spread_table = {
    EncoderSpreadEntry{EncoderSpread::log_variance, "log_variance"},
    EncoderSpreadEntry{EncoderSpread::softplus, "softplus"},
};

/// The resolved hyperparameters of one model. Which of them a model heeds, heeds() says.
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
    PenaltyMixing penalty_mixing = PenaltyMixing::pixel;
    PenaltyNorm penalty_norm = PenaltyNorm::column;
    TrunkNorm critic_norm = TrunkNorm::batch;  ///< WGAN-GP: of the critic's two inner layers
    EncoderSpread encoder_spread = EncoderSpread::softplus;
    double weight_deviation = 0.02;  ///< initial weights N(0, deviation²), where they are drawn so
    std::int64_t hidden_layers = 2;  ///< relu: d
    double observation_deviation = 0.3;  ///< of a linear output: σ of the Gaussian likelihood,
                                         ///< pixel values
};

/// Hyperparameters that some models do not heed.
enum class ModelSetting : std::int8_t
{
    discriminator_rate,
    critic_steps,
    clip,
    gradient_penalty,
    penalty_mixing,
    penalty_norm,
    critic_norm,
    encoder_spread,
    hidden_layers,
    observation_deviation,
};

/// How a generator is trained. The values are stored in files: never renumber.
enum class Training : std::int8_t
{
    vae = 0,
    dcgan = 1,
    wgan = 2,
    wgan_gp = 3,
};

/// All that is special about a training but its trainer (src/train).
struct TrainingEntry
{
    Training kind;
    std::string_view name;
    std::string_view description;
    std::span<ModelSetting const> settings;  ///< that it heeds
    void (*as_published)(Hyperparameters&);  ///< from the collection's to its own paper's
    Prior prior;                             ///< of the latents that its generator learns from
    double evaluations_per_image;  ///< training one takes as long as so many of InfoGAN's generator
};

std::span<TrainingEntry const> training_table();
TrainingEntry const& entry_of(Training training);

/// What is trained, and how.
struct Model
{
    Architecture architecture = Architecture::infogan;
    Training training = Training::vae;

    friend bool operator==(Model const&, Model const&) = default;
};

struct ModelEntry
{
    Model kind;
    std::string_view name;  ///< label of its chains
    std::string_view description;
};

/// Every model that can be named in a job file.
inline constexpr std::array model_table = {
    ModelEntry{{Architecture::infogan, Training::vae},
               "vae",
               "variational autoencoder (Kingma & Welling 2014)"},
    ModelEntry{{Architecture::infogan, Training::dcgan},
               "dcgan",
               "deep convolutional GAN (Radford et al. 2015)"},
    ModelEntry{{Architecture::infogan, Training::wgan},
               "wgan",
               "Wasserstein GAN, clipped critic (Arjovsky et al. 2017)"},
    ModelEntry{{Architecture::infogan, Training::wgan_gp},
               "wgan-gp",
               "Wasserstein GAN, gradient penalty (Gulrajani et al. 2017)"},
    ModelEntry{{Architecture::relu, Training::vae},
               "relu",
               "the paper's section 3: expansive ReLU decoder of a VAE"},
};

/// Whether the hyperparameter affects this model's training.
bool heeds(Model const& model, ModelSetting setting);

/// The preset's values for a model.
Hyperparameters preset_values(Preset preset, Model const& model);

/// Images to train on: what a training's id and its networks take from them.
struct DataSpec
{
    std::string checksum;  ///< of training and test images
    Shape image;
};

/// One checkpoint chain to be trained.
struct TrainSpec
{
    std::uint64_t seed = 0;
    Model model;
    std::int64_t latent_dim = 0;  ///< k
    Hyperparameters hyper;
    std::int64_t intervals = 100;          ///< T: snapshots 0 … T
    std::int64_t steps_per_snapshot = 40;  ///< training steps (one = one generator step)
    DataSpec data;
    /// Compute threads. Part of the id: the order of float32 sums, and so the bits, depend on it.
    std::int64_t threads = 2;

    std::int64_t steps() const { return intervals * steps_per_snapshot; }
    /// The model's name in the table.
    std::string label() const;
    /// The generator that is trained. Trials draw latents uniformly on [−1, 1]^k, as in the paper,
    /// whatever the training drew them from.
    GeneratorSpec generator() const;
    /// All that affects the chain's bits.
    CanonicalText canonical() const;
    ChainId id() const { return ChainId::of(canonical()); }
    /// Names the chain's random streams.
    std::string stream_domain() const;
};

}  // namespace surf
