#include "app/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace surf::app
{
namespace
{

/// A forward and a backward pass.
constexpr double evaluations_per_iteration = 2;

/// Iterations of surfing over those of adam in the same cell (measured: 1.2 to 1.8).
constexpr double surfing_factor = 1.4;

struct Iterations
{
    double latent_dim;
    double mean;
};

/// DCGAN under the default stop rule.
constexpr std::array measured_iterations = {
    Iterations{5, 700},
    Iterations{10, 4'500},
    Iterations{20, 26'000},
};

/// Training an image takes as long as so many evaluations of the generator: two networks, two
/// passes each, gradients of weights and optimiser, through autograd.
double evaluations_per_image(model::ModelKind model)
{
    switch (model)
    {
        case model::ModelKind::vae:
            return 12;
        case model::ModelKind::dcgan:
            return 18;
    }
    return 18;
}

}  // namespace

double expected_iterations(std::int64_t latent_dim, trial::StopRule const& stop)
{
    double const k = static_cast<double>(latent_dim);
    std::size_t const segment = k <= measured_iterations[1].latent_dim ? 0 : 1;
    Iterations const& left = measured_iterations[segment];
    Iterations const& right = measured_iterations[segment + 1];
    double const exponent =
        std::log(right.mean / left.mean) / std::log(right.latent_dim / left.latent_dim);
    double const mean = left.mean * std::pow(k / left.latent_dim, exponent);
    return std::clamp(mean, static_cast<double>(stop.window),
                      static_cast<double>(stop.max_iterations));
}

double trial_cost(trial::CellSpec const& cell)
{
    double const iterations = expected_iterations(cell.problem.latent_dim, cell.stop);
    double const factor = cell.method == trial::Method::surfing ? surfing_factor : 1;
    return evaluations_per_iteration * factor * iterations;
}

double training_cost(train::TrainSpec const& chain)
{
    return evaluations_per_image(chain.model) *
           static_cast<double>(chain.steps() * chain.hyper.batch);
}

std::int64_t generator_values(std::int64_t latent_dim)
{
    constexpr std::int64_t batch_norm = 4;  // γ, β, mean and variance of a feature
    constexpr std::int64_t bias = 1;
    constexpr std::int64_t kernel = 4 * 4;
    return 1024 * (latent_dim + bias + batch_norm) + 6272 * (1024 + bias + batch_norm) +
           64 * (128 * kernel + bias + batch_norm) + 1 * (64 * kernel + bias);
}

std::int64_t chain_bytes(train::TrainSpec const& chain)
{
    auto const bytes = static_cast<std::int64_t>(sizeof(float));
    return bytes * generator_values(chain.latent_dim) * (chain.intervals + 1);
}

std::int64_t results_bytes(std::int64_t latent_dim, std::int64_t trials)
{
    constexpr std::int64_t columns = 60;  // a trial's scalars; its two latents come on top
    return trials * (columns + 2 * static_cast<std::int64_t>(sizeof(float)) * latent_dim);
}

std::int64_t segments_bytes(std::int64_t latent_dim, std::int64_t blocks, std::int64_t trials)
{
    constexpr std::int64_t file = 40'000;  // HDF5's own, names and attributes
    return blocks * file + results_bytes(latent_dim, trials);
}

std::string bytes_text(std::int64_t bytes)
{
    constexpr std::array units = {"B", "kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < units.size())
    {
        value /= 1000;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", value, unit > 0 && value < 99.5 ? 1 : 0, units[unit]);
}

std::string duration_text(double seconds)
{
    constexpr double minute = 60;
    constexpr double hour = 60 * minute;
    constexpr double day = 24 * hour;
    if (seconds < 2 * minute)
    {
        return fmt::format("{:.0f} s", seconds);
    }
    if (seconds < 2 * hour)
    {
        return fmt::format("{:.0f} min", seconds / minute);
    }
    return seconds < 2 * day ? fmt::format("{:.1f} h", seconds / hour)
                             : fmt::format("{:.1f} d", seconds / day);
}

}  // namespace surf::app
