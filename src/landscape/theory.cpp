#include "landscape/theory.hpp"

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/error.hpp"
#include "landscape/expansive_network.hpp"

namespace surf::landscape
{
namespace
{

constexpr double infinity = std::numeric_limits<double>::infinity();

/// One network of one expansion with what is drawn with it.
struct Draw
{
    ExpansiveNetwork network;
    at::Tensor directions;                 ///< [directions × k], of length 1
    at::Tensor target;                     ///< y / ‖y‖, [n]
    std::vector<at::Tensor> measurements;  ///< A [m × n], undefined for A = I
};

Draw draw_all(TheorySpec const& spec, double expansion, std::uint64_t seed, std::int64_t index,
              at::Device device)
{
    auto const stream = [&](Purpose purpose, std::string const& what) {
        return RandomStream(seed,
                            fmt::format("theory/{}/{}/{}/{}/{}", spec.latent_dim,
                                        spec.hidden_layers, expansion, spec.output_factor, what),
                            purpose, static_cast<std::uint64_t>(index));
    };
    auto const widths = layer_widths(spec, expansion);
    std::int64_t const n = widths.back();
    Draw draw;
    auto of_network = stream(Purpose::theory_network, "network");
    draw.network = draw_network(widths, of_network, device);
    auto of_directions = stream(Purpose::theory_direction, "directions");
    at::Tensor const rows =
        draw_normal({spec.directions, spec.latent_dim}, 1, of_directions, device);
    draw.directions = rows / rows.norm(2, {1}, /*keepdim=*/true);
    auto of_target = stream(Purpose::theory_direction, "target");
    at::Tensor const target = draw_normal({n}, 1, of_target, device);
    draw.target = target / target.norm();
    for (std::int64_t const m : spec.measurements)
    {
        auto of_matrix = stream(Purpose::measurement_matrix, fmt::format("{}", m));
        draw.measurements.push_back(
            m == 0 ? at::Tensor()
                   : draw_normal({m, n}, 1 / std::sqrt(static_cast<double>(m)), of_matrix, device));
    }
    return draw;
}

/// Adds one network's points; says whether all of them have a negative derivative.
bool add(RadiusSample& sample, std::span<double const> derivatives)
{
    bool all_negative = true;
    for (double const value : derivatives)
    {
        ++sample.points;
        sample.negative += value < 0 ? 1 : 0;
        all_negative = all_negative && value < 0;
        sample.worst_derivative =
            sample.points == 1 ? value : std::max(sample.worst_derivative, value);
        sample.mean_derivative +=
            (value - sample.mean_derivative) / static_cast<double>(sample.points);
    }
    return all_negative;
}

/// All points of one search, of one network, A and y: `samples` [radii] gains them, `derivatives`
/// [radii × directions]. Returns the ball's radius.
double add_all(TheorySpec const& spec, at::Tensor const& derivatives,
               std::span<RadiusSample> samples)
{
    at::Tensor const host = derivatives.to(at::kCPU).contiguous();
    double const* const values = host.const_data_ptr<double>();
    std::size_t const directions = static_cast<std::size_t>(host.numel()) / spec.radii.size();
    double ball_radius = infinity;
    bool inside = false;  // this or a larger radius is in the ball
    for (std::size_t i = spec.radii.size(); i-- > 0;)
    {
        bool const descends = add(samples[i], {values + i * directions, directions});
        inside = inside || !descends;
        if (!inside)
        {
            ball_radius = spec.radii[i];
        }
    }
    return ball_radius;
}

/// The normalised derivatives of both searches at all radii, each [radii × directions].
std::array<at::Tensor, search_table.size()> search_radii(TheorySpec const& spec,
                                                         RadialObjective const& objective,
                                                         at::Tensor const& directions, double norm)
{
    std::int64_t const count = std::ssize(spec.radii);
    at::Tensor const lengths =
        (1 + norm) * at::tensor(spec.radii, at::kDouble).to(directions.device());
    auto const points = [&](std::int64_t chosen) {
        return directions.narrow(0, 0, chosen).repeat({count, 1});
    };
    auto const radii = [&](std::int64_t chosen) {
        return lengths.repeat_interleave(chosen).unsqueeze(1);
    };
    auto const normalised = [&](at::Tensor const& derivatives) {
        return std::ldexp(1.0, static_cast<int>(spec.hidden_layers)) *
               derivatives.reshape({count, -1}) / lengths.unsqueeze(1);
    };
    return {
        normalised(objective.derivative(points(spec.directions), radii(spec.directions))),
        normalised(climb(objective, points(spec.climbs), radii(spec.climbs), spec.climb_steps))};
}

/// One network with every A and every length of y.
void sample_network(Draw const& draw, std::size_t expansion, std::size_t network, Theory& theory,
                    std::stop_token const& stop)
{
    TheorySpec const& spec = theory.spec;
    std::size_t cell = expansion * spec.measurements.size() * spec.target_norms.size();
    auto const networks = static_cast<std::size_t>(spec.networks);
    for (at::Tensor const& measurement : draw.measurements)
    {
        for (double const norm : spec.target_norms)
        {
            if (stop.stop_requested())
            {
                throw Interrupted(
                    "stopped while sampling theorem 3.1 (nothing was written) run it again");
            }
            RadialObjective const objective(draw.network, measurement, norm * draw.target);
            auto const derivatives = search_radii(spec, objective, draw.directions, norm);
            for (std::size_t search = 0; search < search_table.size(); ++search)
            {
                std::size_t const row = cell * search_table.size() + search;
                theory.ball_radius[row * networks + network] = add_all(
                    spec, derivatives[search],
                    std::span(theory.samples).subspan(row * spec.radii.size(), spec.radii.size()));
            }
            ++cell;
        }
    }
}

}  // namespace

Theory sample_theory(TheorySpec const& spec, std::uint64_t seed, at::Device device,
                     Progress const& progress, std::stop_token const& stop)
{
    require_valid(spec);
    c10::InferenceMode const no_autograd;
    std::size_t const rows = spec.expansions.size() * spec.measurements.size() *
                             spec.target_norms.size() * search_table.size();
    Theory theory{spec, seed, {}, {}, {}};
    theory.samples.resize(rows * spec.radii.size());
    theory.ball_radius.resize(rows * static_cast<std::size_t>(spec.networks));
    for (std::size_t e = 0; e < spec.expansions.size(); ++e)
    {
        theory.widths.push_back(layer_widths(spec, spec.expansions[e]));
        for (std::int64_t network = 0; network < spec.networks; ++network)
        {
            Draw const draw = draw_all(spec, spec.expansions[e], seed, network, device);
            sample_network(draw, e, static_cast<std::size_t>(network), theory, stop);
            progress(static_cast<std::int64_t>(e) * spec.networks + network + 1,
                     std::ssize(spec.expansions) * spec.networks);
        }
    }
    return theory;
}

}  // namespace surf::landscape
