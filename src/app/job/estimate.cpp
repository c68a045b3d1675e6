#include "app/job/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace surf::app
{

double surface_cost(SurfaceSpec const& surface)
{
    return static_cast<double>(surface.levels * surface.points * surface.points);
}

std::int64_t chain_bytes(TrainSpec const& chain)
{
    constexpr std::int64_t samples = 64;  // of the grid
    std::int64_t values = samples * chain.data.image.size();
    for (ArraySpec const& array : arrays_of(*chain.generator().layers()))
    {
        std::int64_t size = 1;
        for (std::int64_t const extent : array.shape)
        {
            size *= extent;
        }
        values += size;
    }
    return static_cast<std::int64_t>(sizeof(float)) * values * (chain.intervals + 1);
}

namespace
{

/// A table of trials with so many latents each.
std::int64_t table_bytes(std::int64_t latents, std::int64_t latent_dim, std::int64_t trials)
{
    constexpr std::int64_t columns = 76;  // a trial's scalars, compressed
    return trials * (columns + latents * static_cast<std::int64_t>(sizeof(float)) * latent_dim);
}

}  // namespace

std::int64_t results_bytes(std::int64_t latent_dim, std::int64_t trials)
{
    return table_bytes(4, latent_dim, trials);
}

FileSizes trial_files(std::int64_t latent_dim, std::int64_t trials, std::int64_t block_size,
                      std::int64_t pack_blocks)
{
    constexpr std::int64_t segment = 55'000;  // HDF5's own, names and attributes
    constexpr std::int64_t pack = 20'000;     // with its table of blocks
    std::int64_t const packs = trials / block_size / pack_blocks;
    std::int64_t const blocks = (trials + block_size - 1) / block_size;
    std::int64_t const segments = blocks - packs * pack_blocks;
    return {packs + segments,
            packs * pack + segments * segment + table_bytes(2, latent_dim, trials)};
}

std::string bytes_text(std::int64_t bytes)
{
    constexpr std::array units = {"B", "kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < units.size())
    {
        value /= 1000;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", value, unit > 0 && value < 99.5 ? 1 : 0, units[unit]);
}

std::string duration_text(double seconds)
{
    constexpr double minute = 60;
    constexpr double hour = 60 * minute;
    constexpr double day = 24 * hour;
    if (seconds < 2 * minute)
    {
        return fmt::format("{:.0f} s", seconds);
    }
    if (seconds < 2 * hour)
    {
        return fmt::format("{:.0f} min", seconds / minute);
    }
    return seconds < 2 * day ? fmt::format("{:.1f} h", seconds / hour)
                             : fmt::format("{:.1f} d", seconds / day);
}

}  // namespace surf::app
