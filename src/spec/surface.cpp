#include "spec/surface.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"

namespace surf
{
namespace
{

constexpr std::int64_t most_points = 10'000;  // a surface of 800 MB

}  // namespace

CanonicalText SurfaceSpec::canonical() const
{
    CanonicalText text;
    text.add("algorithm", std::int64_t{1});  // raise it when the same settings give other values
    text.add("targets", targets);
    text.add("levels", levels);
    text.add("extent", extent);
    text.add("points", points);
    return text;
}

void require_valid(SurfaceSpec const& spec)
{
    auto const refuse = [](char const* key, auto value, char const* range) {
        throw InputError(fmt::format("surface.{} = {}: must be {}", key, value, range));
    };
    if (spec.targets < 0)
    {
        refuse("targets", spec.targets, "at least 0");
    }
    if (spec.levels < 2)
    {
        refuse("levels", spec.levels, "at least 2 (the first and the last snapshot)");
    }
    if (!(spec.extent > 0) || !std::isfinite(spec.extent))
    {
        refuse("extent", spec.extent, "finite and above 0");
    }
    if (spec.points < 2 || spec.points > most_points)
    {
        refuse("points", spec.points, "at least 2 and at most 10000");
    }
}

std::vector<std::int64_t> level_snapshots(SurfaceSpec const& spec, std::int64_t snapshots)
{
    if (snapshots < spec.levels)
    {
        throw InputError(fmt::format(
            "surface.levels = {}: the chain has {} snapshots (each level is another one); lower it "
            "or raise train.intervals",
            spec.levels, snapshots));
    }
    std::int64_t const last = snapshots - 1;
    std::int64_t const gaps = spec.levels - 1;
    std::vector<std::int64_t> chosen;
    for (std::int64_t level = 0; level < spec.levels; ++level)
    {
        chosen.push_back((2 * level * last + gaps) / (2 * gaps));  // rounds halves up
    }
    return chosen;
}

std::vector<double> grid_axis(SurfaceSpec const& spec)
{
    std::vector<double> axis;
    std::int64_t const gaps = spec.points - 1;
    for (std::int64_t i = 0; i < spec.points; ++i)
    {
        axis.push_back(spec.extent * static_cast<double>(2 * i - gaps) / static_cast<double>(gaps));
    }
    return axis;
}

}  // namespace surf
