#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "spec/network.hpp"

/// The networks that this program trains, whatever the training.
namespace surf
{

/// What a generator's layers are. The values are stored in files: never renumber.
enum class Architecture : std::int8_t
{
    infogan = 0,
    relu = 1,
};

/// How the weights of a fresh generator are drawn.
enum class InitialWeights : std::int8_t
{
    normal,      ///< weights N(0, weight_deviation²), biases 0
    by_outputs,  ///< weights and biases of a layer with n outputs N(0, 1/n), as in theorem 3.1
};

/// What an architecture's sizes follow from.
struct GeneratorSize
{
    Shape image;
    std::int64_t latent_dim = 0;     ///< k
    std::int64_t hidden_layers = 0;  ///< d, of relu
};

/// InfoGAN's MNIST generator (Chen et al. 2016): FC k→1024, BN, ReLU; FC 1024→128·(h/4)·(w/4), BN,
/// ReLU; transposed conv 128→64, BN, ReLU; transposed conv 64→c, sigmoid. Both sides of the image
/// are multiples of 4.
NetworkSpec infogan_generator(GeneratorSize const& size);

/// The network of the paper's section 3, G(x) = V σ(W_d … σ(W_1 x + b_1) … + b_d), with
/// d = hidden_layers ≥ 1 layers of min(n, 5^i k) units.
NetworkSpec relu_generator(GeneratorSize const& size);

struct ArchitectureEntry
{
    Architecture kind;
    std::string_view name;
    std::string_view description;
    NetworkSpec (*network)(GeneratorSize const& size);
    InitialWeights initial_weights;
};

inline constexpr std::array architecture_table = {
    ArchitectureEntry{Architecture::infogan, "infogan", "InfoGAN's generator", infogan_generator,
                      InitialWeights::normal},
    ArchitectureEntry{Architecture::relu, "relu", "the paper's section 3: expansive, linear output",
                      relu_generator, InitialWeights::by_outputs},
};

ArchitectureEntry const& entry_of(Architecture architecture);

/// Whether the two inner layers of a trunk have batch norm.
enum class TrunkNorm : std::int8_t
{
    none = 0,
    batch = 1,
};

struct TrunkNormEntry
{
    TrunkNorm kind;
    std::string_view name;
};

inline constexpr std::array trunk_norm_table = {
    TrunkNormEntry{TrunkNorm::none, "none"},
    TrunkNormEntry{TrunkNorm::batch, "batch"},
};

/// InfoGAN's mirror image, which discriminators, critics and encoders share, ending in `outputs`
/// plain numbers. Both sides of the image are multiples of 4.
NetworkSpec infogan_trunk(Shape const& image, std::int64_t outputs, TrunkNorm norm);

}  // namespace surf
