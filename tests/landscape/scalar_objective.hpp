#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "landscape/expansive_network.hpp"

namespace surf::test
{

using Vector = std::vector<double>;

inline Vector to_vector(at::Tensor const& tensor)
{
    at::Tensor const host = tensor.contiguous();
    return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

/// A double tensor of these rows.
inline at::Tensor matrix(std::vector<Vector> const& rows)
{
    at::Tensor const tensor = at::empty(
        {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.front().size())},
        at::kDouble);
    double* value = tensor.mutable_data_ptr<double>();
    for (Vector const& row : rows)
    {
        value = std::copy(row.begin(), row.end(), value);
    }
    return tensor;
}

inline Vector product(at::Tensor const& tensor, Vector const& x)
{
    Vector const entries = to_vector(tensor);
    Vector result(static_cast<std::size_t>(tensor.size(0)), 0.0);
    for (std::size_t row = 0; row < result.size(); ++row)
    {
        for (std::size_t column = 0; column < x.size(); ++column)
        {
            result[row] += entries[row * x.size() + column] * x[column];
        }
    }
    return result;
}

/// ½‖AG(x) − Ay‖² by plain loops over scalars; A = I if `measurement` is undefined.
inline double scalar_objective(landscape::ExpansiveNetwork const& network,
                               at::Tensor const& measurement, at::Tensor const& target,
                               Vector const& x)
{
    Vector value = x;
    for (std::size_t layer = 0; layer < network.weights.size(); ++layer)
    {
        Vector const bias = to_vector(network.biases[layer]);
        value = product(network.weights[layer], value);
        for (std::size_t unit = 0; unit < value.size(); ++unit)
        {
            value[unit] = std::max(0.0, value[unit] + bias[unit]);
        }
    }
    value = product(network.output, value);
    Vector const y = to_vector(target);
    for (std::size_t i = 0; i < value.size(); ++i)
    {
        value[i] -= y[i];
    }
    if (measurement.defined())
    {
        value = product(measurement, value);
    }
    double sum = 0;
    for (double const v : value)
    {
        sum += v * v;
    }
    return sum / 2;
}

/// lim h→0+ (f(x − hu) − f(x)) / h at x = radius · u by one-sided differences of second order:
/// exact for the piecewise quadratic f, up to rounding, if no kink lies within 2h of x.
inline double difference_quotient(landscape::ExpansiveNetwork const& network,
                                  at::Tensor const& measurement, at::Tensor const& target,
                                  Vector const& direction, double radius, double h)
{
    auto const f = [&](double shift) {
        Vector x = direction;
        for (double& component : x)
        {
            component *= radius - shift;
        }
        return scalar_objective(network, measurement, target, x);
    };
    return (-3 * f(0) + 4 * f(h) - f(2 * h)) / (2 * h);
}

/// Directions drawn uniformly on the sphere, [count × k].
inline at::Tensor random_directions(std::int64_t count, std::int64_t k, std::uint64_t seed)
{
    RandomStream stream(seed, "test/directions", Purpose::theory_direction, 0);
    at::Tensor const rows = landscape::draw_normal({count, k}, 1, stream, at::kCPU);
    return rows / rows.norm(2, {1}, true);
}

inline landscape::ExpansiveNetwork random_expansive(std::vector<std::int64_t> const& widths,
                                                    std::uint64_t seed)
{
    RandomStream stream(seed, "test/network", Purpose::theory_network, 0);
    return landscape::draw_network(widths, stream, at::kCPU);
}

/// A vector or matrix of N(0, 1) numbers.
inline at::Tensor random_normal(std::vector<std::int64_t> const& shape, std::uint64_t seed)
{
    RandomStream stream(seed, "test/normal", Purpose::prior, 0);
    return landscape::draw_normal(shape, 1, stream, at::kCPU);
}

}  // namespace surf::test
