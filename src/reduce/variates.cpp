#include "reduce/variates.hpp"

#include <cmath>

#include "base/contract.hpp"

namespace surf::reduce
{

namespace
{

/// Gamma with this shape ≥ 1 and scale 1.
double draw_gamma(RandomStream& stream, double shape)
{
    EXPECT(shape >= 1);
    double const d = shape - 1.0 / 3;
    double const c = 1 / std::sqrt(9 * d);
    while (true)
    {
        double const x = stream.normal();
        double const v = std::pow(1 + c * x, 3);
        if (v > 0 && std::log(1 - stream.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v))
        {
            return d * v;
        }
    }
}

}  // namespace

double draw_beta(RandomStream& stream, double a, double b)
{
    double const left = draw_gamma(stream, a);
    return left / (left + draw_gamma(stream, b));
}

std::int64_t draw_binomial(RandomStream& stream, std::int64_t n, double p)
{
    constexpr std::int64_t few = 16;
    std::int64_t successes = 0;
    while (n > few)
    {
        std::int64_t const middle = n / 2 + 1;
        double const median =
            draw_beta(stream, static_cast<double>(middle), static_cast<double>(n + 1 - middle));
        if (median > p)
        {
            n = middle - 1;
            p /= median;
        }
        else
        {
            successes += middle;
            n -= middle;
            p = (p - median) / (1 - median);
        }
    }
    for (; n > 0; --n)
    {
        successes += stream.uniform() < p ? 1 : 0;
    }
    return successes;
}

}  // namespace surf::reduce
