#pragma once

#include <c10/core/Device.h>

#include <array>
#include <cstdint>
#include <stop_token>
#include <string_view>
#include <vector>

#include "landscape/progress.hpp"
#include "spec/theory.hpp"

namespace surf::landscape
{

/// How the directions of the sampled points were found.
enum class Search : std::int8_t
{
    uniform = 0,
    climbed = 1,
};

struct SearchEntry
{
    Search kind;
    std::string_view name;
};

inline constexpr std::array search_table = {
    SearchEntry{Search::uniform, "uniform"},
    SearchEntry{Search::climbed, "climbed"},
};

/// The points at one radius, of all networks. Derivatives are normalised: 2^d D / ‖x‖, which tends
/// to −1 as the widths grow.
struct RadiusSample
{
    std::int64_t points = 0;
    std::int64_t negative = 0;    ///< with a negative derivative
    double worst_derivative = 0;  ///< the largest
    double mean_derivative = 0;
};

/// What was found; all arrays are row-major.
struct Theory
{
    TheorySpec spec;
    std::uint64_t seed = 0;
    std::vector<std::vector<std::int64_t>> widths;  ///< of each expansion: n_0 = k, …, n_d, n
    /// [expansions × measurements × target norms × searches × radii]
    std::vector<RadiusSample> samples;
    /// The smallest of spec.radii from which on every sampled derivative of a network is negative;
    /// infinity if that of the largest radius is not.
    /// [expansions × measurements × target norms × searches × networks]
    std::vector<double> ball_radius;
};

/// Samples theorem 3.1 of the paper (see TheorySpec). For each expansion, networks are drawn with a
/// direction of y and a Gaussian A each; for each of them f's one-sided derivative along −x/‖x‖ is
/// computed at points x of given lengths, in float64:
///   - `uniform`: directions drawn uniformly;
///   - `climbed`: from the first of these, directions with a larger derivative are looked for; the
///     largest on the way is taken.
///
/// Points that were not sampled can be worse, so a ball can be larger than ball_radius, and not
/// smaller, but for the step between two radii.
///
/// Streams are keyed by expansion and network, so that one more of either changes no other.
/// Throws InputError for a bad spec, Interrupted when asked to stop.
Theory sample_theory(TheorySpec const& spec, std::uint64_t seed, at::Device device,
                     Progress const& progress, std::stop_token const& stop);

}  // namespace surf::landscape
