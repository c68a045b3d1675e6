#include "landscape/expansive_network.hpp"

#include <c10/core/InferenceMode.h>

#include <cmath>

#include "base/contract.hpp"

namespace surf::landscape
{
namespace
{

/// How far above uᵀJᵀJu its largest eigenvalue is taken to be; for wide networks the quotient is
/// near 1, since JᵀJ is near a multiple of the identity.
constexpr double shift_factor = 1.5;

/// Rows scaled to length 1; of a row of length 0 the one of `otherwise`.
at::Tensor normalised(at::Tensor const& rows, at::Tensor const& otherwise)
{
    at::Tensor const length = rows.square().sum(1, /*keepdim=*/true).sqrt();
    return at::where(length > 0, rows / length, otherwise);
}

}  // namespace

at::Tensor draw_normal(std::vector<std::int64_t> const& shape, double deviation,
                       RandomStream& stream, at::Device device)
{
    at::Tensor const numbers = at::empty(shape, at::kDouble);
    double* const values = numbers.mutable_data_ptr<double>();
    for (std::int64_t i = 0; i < numbers.numel(); ++i)
    {
        values[i] = deviation * stream.normal();
    }
    return numbers.to(device);
}

ExpansiveNetwork draw_network(std::vector<std::int64_t> const& widths, RandomStream& stream,
                              at::Device device)
{
    EXPECT(widths.size() >= 3);
    auto const deviation = [&](std::size_t layer) {
        return 1 / std::sqrt(static_cast<double>(widths[layer]));
    };
    std::size_t const last = widths.size() - 1;
    ExpansiveNetwork network;
    for (std::size_t i = 1; i < last; ++i)
    {
        network.weights.push_back(
            draw_normal({widths[i], widths[i - 1]}, deviation(i), stream, device));
        network.biases.push_back(draw_normal({widths[i]}, deviation(i), stream, device));
    }
    network.output = draw_normal({widths[last], widths[last - 1]}, deviation(last), stream, device);
    return network;
}

RadialObjective::RadialObjective(ExpansiveNetwork const& network, at::Tensor const& measurement,
                                 at::Tensor const& target)
    : network_(network),
      output_(measurement.defined() ? at::mm(measurement, network.output) : network.output),
      target_(measurement.defined() ? at::mv(measurement, target) : target)
{
    EXPECT(network.weights.size() == network.biases.size());
}

RadialObjective::Pass RadialObjective::pass(at::Tensor const& directions,
                                            at::Tensor const& radii) const
{
    Pass pass;
    at::Tensor value = radii * directions;
    at::Tensor slope = -directions;
    for (std::size_t i = 0; i < network_.weights.size(); ++i)
    {
        at::Tensor const weight = network_.weights[i].t();
        value = at::addmm(network_.biases[i], value, weight);
        slope = at::mm(slope, weight);
        at::Tensor const active = (value > 0).logical_or((value == 0).logical_and(slope > 0));
        pass.patterns.push_back(active.to(at::kDouble));
        value = at::relu(value);
        slope = slope * pass.patterns.back();
    }
    pass.residual = at::mm(value, output_.t()) - target_;
    pass.slope = at::mm(slope, output_.t());
    return pass;
}

at::Tensor RadialObjective::value(at::Tensor const& directions, at::Tensor const& radii) const
{
    c10::InferenceMode const no_autograd;
    return 0.5 * pass(directions, radii).residual.square().sum(1);
}

at::Tensor RadialObjective::derivative(at::Tensor const& directions, at::Tensor const& radii) const
{
    c10::InferenceMode const no_autograd;
    Pass const here = pass(directions, radii);
    return (here.residual * here.slope).sum(1);
}

// With the pattern held, G(ru) = rJu + c and the derivative is φ(u) = −r uᵀMu + uᵀg, where
// M = JᵀAᵀAJ and g = (AJ)ᵀ(Ay − Ac). Adding the constant rλ‖u‖² makes it convex if λ is no less
// than M's largest eigenvalue, and then going to where its linear part is largest on the sphere
// never lowers it: u ← (∇φ + 2rλu) / ‖…‖ with ∇φ = (AJ)ᵀ(Ay − AG(x) − rAJu).
at::Tensor RadialObjective::uphill(at::Tensor const& directions, at::Tensor const& radii) const
{
    c10::InferenceMode const no_autograd;
    Pass const here = pass(directions, radii);
    at::Tensor gradient = at::mm(radii * here.slope - here.residual, output_);
    for (std::size_t i = network_.weights.size(); i-- > 0;)
    {
        gradient = at::mm(gradient * here.patterns[i], network_.weights[i]);
    }
    at::Tensor const shift =
        2 * shift_factor * radii * here.slope.square().sum(1, /*keepdim=*/true);
    return normalised(gradient + shift * directions, directions);
}

at::Tensor climb(RadialObjective const& objective, at::Tensor const& starts,
                 at::Tensor const& radii, std::int64_t steps)
{
    c10::InferenceMode const no_autograd;
    at::Tensor directions = starts;
    at::Tensor largest = objective.derivative(directions, radii);
    at::Tensor step = at::ones_like(largest);
    for (std::int64_t i = 0; i < steps; ++i)
    {
        at::Tensor const way = objective.uphill(directions, radii) - directions;
        at::Tensor const tried = normalised(directions + step.unsqueeze(1) * way, directions);
        at::Tensor const derivative = objective.derivative(tried, radii);
        at::Tensor const better = derivative > largest;
        directions = at::where(better.unsqueeze(1), tried, directions);
        largest = at::where(better, derivative, largest);
        step = at::where(better, at::clamp_max(2 * step, 1), step / 2);
    }
    return largest;
}

}  // namespace surf::landscape
