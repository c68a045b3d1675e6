#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/named_array.hpp"
#include "spec/generator.hpp"

namespace surf::chain
{

/// A training whose result is of no use: a value is not finite, or the samples are all alike. The
/// same settings would end there again; other chains may still do better.
class DivergedError : public Error
{
  public:
    explicit DivergedError(std::string const& text) : Error(ExitCode::blocks_failed, text) {}
};

/// What a chain is: its id is the hash of its configuration, so a file that says something else
/// belongs to another job.
struct ChainHeader
{
    /// Every setting that affects the training; of a chain that was not trained here its content's
    /// hash alone (content_configuration()).
    CanonicalText configuration;
    std::int64_t snapshots = 0;  ///< T + 1
    GeneratorSpec generator;
    std::string origin;  ///< where it comes from, for people

    ChainId id() const { return ChainId::of(configuration); }
};

/// The one setting in the configuration of a chain that was not trained here.
inline constexpr char const* content_key = "content";

/// The configuration of such a chain: the hash of its generator, steps and snapshots' checksums,
/// but not of its label and origin, which affect nothing.
CanonicalText content_configuration(GeneratorSpec const& generator,
                                    std::vector<std::int64_t> const& steps,
                                    std::vector<std::uint64_t> const& checksums);

/// What a practitioner watches, by name: losses, gradient norms, the quality of samples.
using Log = std::map<std::string, double>;

/// Entries of the log that judge the snapshot itself; all others are means since the one before.
inline constexpr char const* frechet_entry = "pixel_frechet_distance";
inline constexpr char const* diversity_entry = "diversity";

/// One network θ_t along the training path.
struct Snapshot
{
    std::int64_t index = 0;  ///< t, 0 … T
    std::int64_t step = 0;   ///< training steps done
    Parameters generator;    ///< weights and batch-norm statistics
    Log log = {};
    /// Sample images from the same latents at every snapshot: [samples × channels × rows ×
    /// columns]; there may be none.
    NamedArray samples = {"samples", {0, 0, 0, 0}, {}};
};

/// What a trainer needs besides the step to go on bit-identically: every network and optimiser.
struct TrainerState
{
    std::int64_t step = 0;
    std::int64_t next_snapshot = 0;  ///< index of the first snapshot not yet made
    Parameters arrays;
};

}  // namespace surf::chain
