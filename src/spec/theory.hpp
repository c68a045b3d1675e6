#pragma once

#include <cstdint>
#include <vector>

#include "base/id.hpp"

namespace surf
{

/// What is sampled to look at theorem 3.1 of the paper.
///
/// The theorem: for G(x) = V σ(W_d … σ(W_1 x + b_1) … + b_d) with V ~ N(0, 1/n) and W_i, b_i ~
/// N(0, 1/n_i), a fixed y, A = I or A ~ N(0, 1/m) and any small ε, if n_i > C ε⁻² log(1/ε) n_{i−1}
/// log n_i, n ≥ n_d and m ≥ C k ε⁻¹ log(1/ε) log(n_1 … n_d), then with high probability f(x) =
/// ½‖AG(x) − Ay‖² falls along −x/‖x‖ at every x with ‖x‖ > C′ε (1 + ‖y‖).
///
/// C, C′ and the largest ε are not given there, so no radius or width can be said to be the
/// theorem's. What is sampled is how the ball's radius, in units of 1 + ‖y‖, shrinks with the
/// widths.
struct TheorySpec
{
    std::int64_t latent_dim = 5;     ///< k
    std::int64_t hidden_layers = 2;  ///< d
    /// Growing widths: n_i = ⌈expansion · n_{i−1}⌉ from n_0 = k on. Above 1, ascending.
    std::vector<double> expansions = {2, 4, 8, 16};
    double output_factor = 1;  ///< n = ⌈output_factor · n_d⌉; at least 1
    /// m of a Gaussian A; 0 stands for A = I.
    std::vector<std::int64_t> measurements = {0, 100};
    std::vector<double> target_norms = {0, 1, 10};  ///< ‖y‖
    /// ‖x‖ / (1 + ‖y‖), ascending.
    std::vector<double> radii = {0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3,
                                 0.5,  0.7,  1,    1.4,  2,   3,    5};
    std::int64_t networks = 20;    ///< drawn for each expansion, each with its own y and A
    std::int64_t directions = 50;  ///< x/‖x‖ drawn for each network, uniform on the sphere
    std::int64_t climbs = 4;       ///< of these, from how many a worse direction is searched for
    std::int64_t climb_steps = 5;  ///< steps of each such search

    CanonicalText canonical() const;
};

/// Throws InputError naming the key, as "theory.radii", if a value is out of its range or the
/// networks would not fit in memory.
void require_valid(TheorySpec const& spec);

/// n_0 = k, n_1, … n_d, n of the networks with this expansion.
std::vector<std::int64_t> layer_widths(TheorySpec const& spec, double expansion);

/// The smallest n_i / (n_{i−1} log n_i) over the layers: an upper bound of the theorem's
/// C ε⁻² log(1/ε) for networks of these widths.
double width_condition(std::vector<std::int64_t> const& widths);

}  // namespace surf
