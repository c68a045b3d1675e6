#pragma once

#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

namespace surf
{

/// A named float32 array in row-major order.
struct NamedArray
{
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<float> values;

    std::int64_t size() const
    {
        return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    }
};

/// Everything a network needs to be evaluated: weights, biases and batch-norm statistics.
using Parameters = std::vector<NamedArray>;

}  // namespace surf
