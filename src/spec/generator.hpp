#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "spec/network.hpp"

namespace surf
{

/// Where latents are drawn from. The values are stored in files: never renumber.
enum class Prior : std::int8_t
{
    uniform = 0,  ///< on [−1, 1]^k
    normal = 1,   ///< N(0, I)
};

struct PriorEntry
{
    Prior kind;
    std::string_view name;
    std::string_view description;
};

inline constexpr std::array prior_table = {
    PriorEntry{Prior::uniform, "uniform", "each component uniform on [-1, 1]"},
    PriorEntry{Prior::normal, "normal", "each component N(0, 1)"},
};

/// A generator as a TorchScript program: code, to be run only if it comes from people you trust.
struct Program
{
    std::vector<std::string> tensors;         ///< names of what changes from snapshot to snapshot
    std::shared_ptr<std::string const> code;  ///< what torch.jit.save wrote
};

/// Values that an image's numbers can take: what images of a data set are scaled to.
struct ValueRange
{
    double low = 0;   ///< black
    double high = 1;  ///< white

    /// What a pixel of a data set is, 0 black, 255 white.
    float value_of(std::uint8_t pixel) const
    {
        return static_cast<float>(low + (high - low) * (pixel / 255.0));
    }

    friend bool operator==(ValueRange const&, ValueRange const&) = default;
};

/// What a chain says of its generator G: R^k → images.
struct GeneratorSpec
{
    std::string label;            ///< in tables and results, as "dcgan"; of no effect on any result
    std::int64_t latent_dim = 0;  ///< k
    Prior prior = Prior::uniform;  ///< where trials draw latents from
    Shape image;
    ValueRange range;
    std::variant<NetworkSpec, Program> network;

    /// n.
    std::int64_t pixels() const { return image.size(); }
    /// The layers; null for a program.
    NetworkSpec const* layers() const { return std::get_if<NetworkSpec>(&network); }
    Program const* program() const { return std::get_if<Program>(&network); }
};

/// Throws InputError that begins with `origin` if the network does not go from k numbers to the
/// image, or something is out of its range. What a program does is not known before it runs.
void require_valid(GeneratorSpec const& generator, std::string const& origin);

/// Whether a label can stand in job files, tables and attributes: letters, digits, - and _.
bool is_label(std::string_view label);

}  // namespace surf
