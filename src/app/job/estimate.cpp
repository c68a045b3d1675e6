#include "app/job/estimate.hpp"

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

/// What an evaluation of the relu network costs: small products take longer than they should.
constexpr double relu_evaluation = 0.1;

/// Iterations of surfing over those of adam in the same cell (measured: 1.2 to 1.8). Restarts take
/// as many as surfing.
constexpr double surfing_factor = 1.4;

/// Of Levenberg–Marquardt with secant Jacobians: network evaluations of a mean trial for each of k
/// on the final network; the share of them that is left behind the chain; the share of a Jacobian
/// that a step on the way computes anew; what the adaptive schedule adds. (Measured at k = 5 and
/// 20.) Of exact ones: all steps take a Jacobian.
constexpr double lm_evaluations = 18;
constexpr double share_behind_chain = 0.5;
constexpr double jacobians_a_step = 0.36;
constexpr double adaptive_factor = 2;
constexpr double exact_factor = 2;

/// Of projected surfing: linear pieces around a latent, unless they are capped; what cutting one
/// out and descending on it costs, beside its pass of k + 1 rows. (Measured at slack 0.001.)
constexpr double usual_pieces = 10;
constexpr double piece_evaluations = 15;

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
double evaluations_per_image(ModelKind model)
{
    switch (model)
    {
        case ModelKind::vae:
            return 12;
        case ModelKind::relu:
            return 7;  // its decoder is small, its encoder is not
        case ModelKind::dcgan:
        case ModelKind::wgan:
            return 18;
        case ModelKind::wgan_gp:
            return 30;  // the penalty goes through the critic twice more
    }
    return 18;
}

/// Weights and biases of n_i = min(n, 5^i k) units a layer, and of the output.
std::int64_t relu_values(std::int64_t latent_dim, std::int64_t hidden_layers)
{
    std::int64_t values = 0;
    std::int64_t width = latent_dim;
    for (std::int64_t layer = 0; layer < hidden_layers; ++layer)
    {
        std::int64_t const next = std::min(image_size, 5 * width);
        values += next * (width + 1);
        width = next;
    }
    return values + image_size * (width + 1);
}

/// A training step with more than one update of the critic: each is about half of a plain step.
double critic_factor(TrainSpec const& chain)
{
    bool const has_critic = uses(chain.model, Knob::critic_steps);
    return has_critic ? 0.5 * static_cast<double>(chain.hyper.critic_steps + 1) : 1;
}

/// Network evaluations of one trial of a second-order method.
double second_order_cost(CellSpec const& cell, std::int64_t intervals)
{
    double const k = static_cast<double>(cell.problem.latent_dim);
    bool const exact = cell.lm.jacobian == JacobianUpdate::exact;
    double const straight = lm_evaluations * k * (exact ? exact_factor : 1);
    if (cell.method == Method::lm)
    {
        return straight;
    }
    if (cell.surfing_lm.schedule == LmSchedule::adaptive)
    {
        return adaptive_factor * straight;
    }
    double const visits =
        static_cast<double>(intervals) / static_cast<double>(cell.surfing_lm.every);
    double const step = 1 + k * (exact ? 1 : jacobians_a_step);
    return share_behind_chain * straight +
           visits * (1 + static_cast<double>(cell.surfing_lm.steps) * step);
}

/// Of one trial of projected surfing, in network evaluations.
double projected_cost(CellSpec const& cell, std::int64_t intervals)
{
    ProjectedSettings const& settings = cell.projected;
    auto const k = static_cast<double>(cell.problem.latent_dim);
    double const pieces = std::min(usual_pieces, static_cast<double>(settings.max_pieces));
    auto const searches =
        static_cast<double>((intervals - settings.first_snapshot) * settings.rounds);
    return evaluations_per_iteration * static_cast<double>(settings.starts) *
               expected_iterations(cell.problem.latent_dim, cell.stop) +
           searches * pieces * (k + 1 + piece_evaluations);
}

}  // namespace

double expected_iterations(std::int64_t latent_dim, StopRule const& stop)
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

double trial_cost(CellSpec const& cell, std::int64_t intervals)
{
    double const network = cell.problem.model == ModelKind::relu ? relu_evaluation : 1;
    if (is_second_order(cell.method))
    {
        return second_order_cost(cell, intervals) * network;
    }
    if (cell.method == Method::projected)
    {
        return projected_cost(cell, intervals) * network;
    }
    double const iterations = expected_iterations(cell.problem.latent_dim, cell.stop);
    double const factor = cell.method == Method::adam ? 1 : surfing_factor;
    return evaluations_per_iteration * factor * iterations * network;
}

double training_cost(TrainSpec const& chain)
{
    return evaluations_per_image(chain.model) * critic_factor(chain) *
           static_cast<double>(chain.steps() * chain.hyper.batch);
}

double surface_cost(SurfaceSpec const& surface)
{
    return static_cast<double>(surface.levels * surface.points * surface.points);
}

std::int64_t generator_values(TrainSpec const& chain)
{
    std::int64_t const latent_dim = chain.latent_dim;
    if (chain.model == ModelKind::relu)
    {
        return relu_values(latent_dim, chain.hyper.hidden_layers);
    }
    constexpr std::int64_t batch_norm = 4;  // γ, β, mean and variance of a feature
    constexpr std::int64_t bias = 1;
    constexpr std::int64_t kernel = 4 * 4;
    return 1024 * (latent_dim + bias + batch_norm) + 6272 * (1024 + bias + batch_norm) +
           64 * (128 * kernel + bias + batch_norm) + 1 * (64 * kernel + bias);
}

std::int64_t chain_bytes(TrainSpec const& chain)
{
    auto const bytes = static_cast<std::int64_t>(sizeof(float));
    constexpr std::int64_t log_values = 64 * image_size;  // the sample grid
    return bytes * (generator_values(chain) + log_values) * (chain.intervals + 1);
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
