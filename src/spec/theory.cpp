#include "spec/theory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace surf
{
namespace
{

constexpr std::int64_t most_layers = 10;
constexpr double most_numbers = 1 << 27;  // 1 GiB of float64

template <class Value>
[[noreturn]] void refuse(char const* key, Value const& value, char const* range)
{
    throw InputError(fmt::format("theory.{} = {}: must be {}", key, value, range));
}

void require_count(char const* key, std::int64_t value, std::int64_t most)
{
    if (value < 1 || value > most)
    {
        throw InputError(
            fmt::format("theory.{} = {}: must be at least 1 and at most {}", key, value, most));
    }
}

/// Finite, in ascending order and each accepted, at least one.
template <class T, class Accepts>
bool is_list_of(std::vector<T> const& values, Accepts accepts)
{
    return !values.empty() && std::ranges::all_of(values, accepts) &&
           std::ranges::adjacent_find(values, std::ranges::greater_equal{}) == values.end();
}

/// Whether no matrix of these extents would take more than 1 GiB.
bool fits_in_memory(std::int64_t rows, std::int64_t columns)
{
    return static_cast<double>(rows) * static_cast<double>(columns) <= most_numbers;
}

/// Throws InputError if weights or what the layers give for all points would not fit in memory.
void require_memory(TheorySpec const& spec)
{
    auto const widths = layer_widths(spec, spec.expansions.back());
    for (std::size_t i = 1; i < widths.size(); ++i)
    {
        if (!fits_in_memory(widths[i], widths[i - 1]))
        {
            throw InputError(fmt::format(
                "theory.expansions = {}: a matrix would take more than 1 GiB; lower the largest, "
                "or theory.hidden_layers",
                fmt::join(spec.expansions, ",")));
        }
        if (!fits_in_memory(spec.directions * std::ssize(spec.radii), widths[i]))
        {
            throw InputError(
                fmt::format("theory.directions = {}: they would take more than 1 GiB at {} radii; "
                            "lower it and raise theory.networks",
                            spec.directions, spec.radii.size()));
        }
    }
    if (!fits_in_memory(spec.measurements.back(), widths.back()))
    {
        throw InputError(fmt::format(
            "theory.measurements = {}: a matrix would take more than 1 GiB; lower the largest",
            fmt::join(spec.measurements, ",")));
    }
}

}  // namespace

CanonicalText TheorySpec::canonical() const
{
    auto const list = [](auto const& values) { return fmt::format("{}", fmt::join(values, ",")); };
    CanonicalText text;
    text.add("algorithm", std::int64_t{1});  // raise it when the same settings give other values
    text.add("latent_dim", latent_dim);
    text.add("hidden_layers", hidden_layers);
    text.add("expansions", list(expansions));
    text.add("output_factor", output_factor);
    text.add("measurements", list(measurements));
    text.add("target_norms", list(target_norms));
    text.add("radii", list(radii));
    text.add("networks", networks);
    text.add("directions", directions);
    text.add("climbs", climbs);
    text.add("climb_steps", climb_steps);
    return text;
}

void require_valid(TheorySpec const& spec)
{
    auto const list = [](auto const& values) { return fmt::format("{}", fmt::join(values, ",")); };
    auto const positive = [](double value) { return value > 0 && std::isfinite(value); };
    require_count("latent_dim", spec.latent_dim, 1000);
    require_count("hidden_layers", spec.hidden_layers, most_layers);
    require_count("networks", spec.networks, 1'000'000);
    require_count("directions", spec.directions, 1'000'000);
    require_count("climbs", spec.climbs, spec.directions);
    require_count("climb_steps", spec.climb_steps, 1000);
    if (!is_list_of(spec.expansions, [](double e) { return e > 1 && std::isfinite(e); }))
    {
        refuse("expansions", list(spec.expansions), "ascending numbers above 1");
    }
    if (!(spec.output_factor >= 1) || !std::isfinite(spec.output_factor))
    {
        refuse("output_factor", spec.output_factor, "at least 1 (the theorem has n >= n_d)");
    }
    if (!is_list_of(spec.measurements, [](std::int64_t m) { return m >= 0 && m <= 1'000'000; }))
    {
        refuse("measurements", list(spec.measurements), "ascending counts; 0 stands for A = I");
    }
    if (!is_list_of(spec.target_norms, [&](double y) { return y == 0 || positive(y); }))
    {
        refuse("target_norms", list(spec.target_norms), "ascending numbers of at least 0");
    }
    if (!is_list_of(spec.radii, positive))
    {
        refuse("radii", list(spec.radii), "ascending numbers above 0");
    }
    require_memory(spec);
}

std::vector<std::int64_t> layer_widths(TheorySpec const& spec, double expansion)
{
    // What overflows would be refused anyway.
    auto const grow = [](std::int64_t width, double factor) {
        return static_cast<std::int64_t>(
            std::min(std::ceil(factor * static_cast<double>(width)), most_numbers));
    };
    std::vector<std::int64_t> widths = {spec.latent_dim};
    for (std::int64_t layer = 0; layer < spec.hidden_layers; ++layer)
    {
        widths.push_back(grow(widths.back(), expansion));
    }
    widths.push_back(grow(widths.back(), spec.output_factor));
    return widths;
}

double width_condition(std::vector<std::int64_t> const& widths)
{
    double smallest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i + 1 < widths.size(); ++i)
    {
        auto const wide = static_cast<double>(widths[i]);
        smallest = std::min(smallest, wide / (static_cast<double>(widths[i - 1]) * std::log(wide)));
    }
    return smallest;
}

}  // namespace surf
