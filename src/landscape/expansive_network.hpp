#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "base/random.hpp"

namespace surf::landscape
{

/// G(x) = V σ(W_d … σ(W_1 x + b_1) … + b_d) with σ the ReLU, in float64 (section 3 of the paper).
struct ExpansiveNetwork
{
    std::vector<at::Tensor> weights;  ///< W_i, [n_i × n_{i−1}]
    std::vector<at::Tensor> biases;   ///< b_i, [n_i]
    at::Tensor output;                ///< V, [n × n_d]
};

/// A tensor of independent N(0, deviation²) numbers, float64.
at::Tensor draw_normal(std::vector<std::int64_t> const& shape, double deviation,
                       RandomStream& stream, at::Device device);

/// Theorem 3.1's random network of widths n_0 = k, n_1, … n_d, n: W_i and b_i have N(0, 1/n_i)
/// entries, V has N(0, 1/n) entries.
ExpansiveNetwork draw_network(std::vector<std::int64_t> const& widths, RandomStream& stream,
                              at::Device device);

/// f(x) = ½‖AG(x) − Ay‖² of one network, A and y, and how it changes towards the origin.
///
/// Points are x = radius · u: directions u [points × k] with ‖u‖ = 1, radii [points × 1], or one
/// radius for all as a tensor of no dimension.
class RadialObjective
{
  public:
    /// A [m × n], undefined for A = I; y [n]. The network must outlive the objective.
    RadialObjective(ExpansiveNetwork const& network, at::Tensor const& measurement,
                    at::Tensor const& target);

    /// f(radius · u), [points].
    at::Tensor value(at::Tensor const& directions, at::Tensor const& radii) const;

    /// lim h→0+ (f(x − h u) − f(x)) / h, equation (2) of the paper, [points].
    ///
    /// Exact also where x lies on a kink: a ReLU with input 0 counts as active if its input grows
    /// along −u.
    at::Tensor derivative(at::Tensor const& directions, at::Tensor const& radii) const;

    /// Where to go from u for a larger derivative(), [points × k], of length 1: one step of a
    /// shifted power iteration for its maximum on the sphere, as if the pattern of active units
    /// were everywhere that at u.
    at::Tensor uphill(at::Tensor const& directions, at::Tensor const& radii) const;

  private:
    /// At x = radius · u, with the pattern of active units just towards the origin.
    struct Pass
    {
        at::Tensor residual;               ///< AG(x) − Ay, [points × m]
        at::Tensor slope;                  ///< change of AG(x) along −u, [points × m]
        std::vector<at::Tensor> patterns;  ///< of each layer, 1 where active, [points × n_i]
    };

    Pass pass(at::Tensor const& directions, at::Tensor const& radii) const;

    ExpansiveNetwork const& network_;
    at::Tensor output_;  ///< AV, [m × n_d]
    at::Tensor target_;  ///< Ay, [m]
};

/// The largest derivative met on the way from each start, [points]. Goes uphill with steps that are
/// halved where the derivative did not grow, since it jumps where units fall asleep or wake up.
at::Tensor climb(RadialObjective const& objective, at::Tensor const& starts,
                 at::Tensor const& radii, std::int64_t steps);

}  // namespace surf::landscape
