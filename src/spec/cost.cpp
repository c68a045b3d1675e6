#include "spec/cost.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "spec/cell.hpp"
#include "spec/training.hpp"

namespace surf
{
namespace
{

/// A forward and a backward pass.
constexpr double evaluations_per_iteration = 2;

/// What an evaluation costs beside its products: small ones take longer than they should.
constexpr double small_network = 0.1;

/// Iterations of surfing over those of adam in the same cell (measured: 1.2 to 1.8).
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

/// The generator in whose evaluations costs are given.
double unit_multiplications()
{
    static double const unit = multiplications(infogan_generator({{1, 28, 28}, 5}));
    return unit;
}

/// A training step with more than one update of the critic: each is about half of a plain step.
double critic_factor(TrainSpec const& chain)
{
    bool const has_critic = heeds(chain.model, ModelSetting::critic_steps);
    return has_critic ? 0.5 * static_cast<double>(chain.hyper.critic_steps + 1) : 1;
}

/// The search on the final network alone.
double straight_lm_cost(CellSpec const& cell)
{
    bool const exact = cell.lm.jacobian == JacobianUpdate::exact;
    return lm_evaluations * static_cast<double>(cell.generator.latent_dim) *
           (exact ? exact_factor : 1);
}

}  // namespace

double relative_cost(NetworkSpec const& network)
{
    return std::max(small_network, multiplications(network) / unit_multiplications());
}

double relative_cost(GeneratorSpec const& generator)
{
    NetworkSpec const* const layers = generator.layers();
    return layers == nullptr ? 1 : relative_cost(*layers);
}

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

double adam_cost(CellSpec const& cell, std::int64_t)
{
    return evaluations_per_iteration * expected_iterations(cell.generator.latent_dim, cell.stop);
}

double surfing_cost(CellSpec const& cell, std::int64_t intervals)
{
    return surfing_factor * adam_cost(cell, intervals);
}

double lm_cost(CellSpec const& cell, std::int64_t)
{
    return straight_lm_cost(cell);
}

double surfing_lm_cost(CellSpec const& cell, std::int64_t intervals)
{
    double const straight = straight_lm_cost(cell);
    if (cell.surfing_lm.schedule == LmSchedule::adaptive)
    {
        return adaptive_factor * straight;
    }
    bool const exact = cell.lm.jacobian == JacobianUpdate::exact;
    double const visits =
        static_cast<double>(intervals) / static_cast<double>(cell.surfing_lm.every);
    double const step =
        1 + static_cast<double>(cell.generator.latent_dim) * (exact ? 1 : jacobians_a_step);
    return share_behind_chain * straight +
           visits * (1 + static_cast<double>(cell.surfing_lm.steps) * step);
}

double restarts_cost(CellSpec const& cell, std::int64_t intervals)
{
    auto const source = granted_as(cell.method, cell.restarts);
    return source ? entry_of(*source).cost(cell, intervals)
                  : static_cast<double>(cell.restarts.evaluations);
}

double projected_cost(CellSpec const& cell, std::int64_t intervals)
{
    ProjectedSettings const& settings = cell.projected;
    auto const k = static_cast<double>(cell.generator.latent_dim);
    double const pieces = std::min(usual_pieces, static_cast<double>(settings.max_pieces));
    auto const searches =
        static_cast<double>((intervals - settings.first_snapshot) * settings.rounds);
    return static_cast<double>(settings.starts) * adam_cost(cell, intervals) +
           searches * pieces * (k + 1 + piece_evaluations);
}

double trial_cost(CellSpec const& cell, std::int64_t intervals)
{
    return entry_of(cell.method).cost(cell, intervals) * relative_cost(cell.generator);
}

double training_cost(TrainSpec const& chain)
{
    // Half of it is the generator's, half the other network's.
    double const size = (relative_cost(chain.generator()) +
                         relative_cost(infogan_trunk(chain.data.image, 1, TrunkNorm::batch))) /
                        2;
    return entry_of(chain.model.training).evaluations_per_image * size * critic_factor(chain) *
           static_cast<double>(chain.steps() * chain.hyper.batch);
}

}  // namespace surf
