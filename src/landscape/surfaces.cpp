#include "landscape/surfaces.hpp"

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/name_table.hpp"
#include "base/random.hpp"
#include "model/make_evaluator.hpp"

namespace surf::landscape
{
namespace
{

constexpr std::int64_t batch_size = 1024;  // points that go through the generator together

/// Throws InputError if a chain has not two latents.
void require_two_latents(chain::Reader const& chain)
{
    std::int64_t const latent_dim = chain.header().generator.latent_dim;
    if (latent_dim != surface_latent_dim)
    {
        throw InputError(
            fmt::format("chain {} has latent_dim = {} (a surface is drawn over {}); "
                        "train one with train.latent_dims = {}",
                        chain.id().brief(), latent_dim, surface_latent_dim, surface_latent_dim));
    }
}

/// Throws InputError if the images are not of the shape that the generator makes.
void require_same_shape(GeneratorSpec const& generator, data::TestImages const& images)
{
    if (generator.image != images.shape)
    {
        throw InputError(
            fmt::format("data: the images are {}, but {} makes {}; name images of that shape",
                        images.shape.text(), generator.label, generator.image.text()));
    }
}

/// Points first … first + count − 1 of the grid, x1 running fastest: [count × 2].
at::Tensor grid_points(std::vector<double> const& axis, std::int64_t first, std::int64_t count)
{
    at::Tensor const points = at::empty({count, surface_latent_dim}, at::kFloat);
    float* const values = points.mutable_data_ptr<float>();
    auto const side = std::ssize(axis);
    for (std::int64_t i = 0; i < count; ++i)
    {
        values[2 * i] = static_cast<float>(axis[static_cast<std::size_t>((first + i) % side)]);
        values[2 * i + 1] = static_cast<float>(axis[static_cast<std::size_t>((first + i) / side)]);
    }
    return points;
}

std::vector<float> target_images(GeneratorSpec const& generator, data::TestImages const& images,
                                 std::vector<std::int64_t> const& indices)
{
    std::vector<float> pixels;
    for (std::int64_t const index : indices)
    {
        auto const begin = images.pixels.begin() + index * generator.pixels();
        std::transform(begin, begin + generator.pixels(), std::back_inserter(pixels),
                       [&](std::uint8_t grey) { return generator.range.value_of(grey); });
    }
    return pixels;
}

}  // namespace

std::vector<double> surface_values(model::Evaluator& generator, at::Tensor const& targets,
                                   std::vector<double> const& axis, std::stop_token const& stop)
{
    c10::InferenceMode const no_autograd;
    std::int64_t const points = std::ssize(axis) * std::ssize(axis);
    std::vector<double> values(static_cast<std::size_t>(targets.size(0) * points));
    for (std::int64_t first = 0; first < points; first += batch_size)
    {
        if (stop.stop_requested())
        {
            throw Interrupted(
                "stopped while computing surfaces (nothing was written) run it again");
        }
        std::int64_t const count = std::min(batch_size, points - first);
        at::Tensor const images =
            generator.forward(grid_points(axis, first, count).to(targets.device()));
        for (std::int64_t target = 0; target < targets.size(0); ++target)
        {
            at::Tensor const heights =
                ((images - targets[target]).square().sum(1, /*keepdim=*/false, at::kDouble) * -0.5)
                    .to(at::kCPU)
                    .contiguous();
            std::copy_n(heights.const_data_ptr<double>(), count,
                        values.begin() + target * points + first);
        }
    }
    return values;
}

std::vector<std::int64_t> draw_targets(SurfaceSpec const& spec, std::uint64_t seed,
                                       std::int64_t images)
{
    if (spec.targets > images)
    {
        throw InputError(fmt::format("surface.targets = {}: there are {} test images; lower it",
                                     spec.targets, images));
    }
    std::vector<std::int64_t> chosen;
    for (std::int64_t target = 0; target < spec.targets; ++target)
    {
        RandomStream stream(seed, "surface", Purpose::surface_target,
                            static_cast<std::uint64_t>(target));
        std::int64_t index = 0;
        do
        {
            index = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(images)));
        } while (std::ranges::find(chosen, index) != chosen.end());
        chosen.push_back(index);
    }
    return chosen;
}

Summit summit(std::span<double const> surface, std::int64_t points)
{
    EXPECT(std::ssize(surface) == points * points);
    auto const highest = std::ranges::max_element(surface);
    auto const position = static_cast<std::size_t>(highest - surface.begin());
    auto const side = static_cast<std::size_t>(points);
    return {*highest, position % side, position / side};
}

Surfaces compute_surfaces(SurfaceSpec const& spec, chain::Reader const& chain,
                          data::TestImages const& images, std::uint64_t seed, at::Device device,
                          Progress const& progress, std::stop_token const& stop)
{
    require_valid(spec);
    GeneratorSpec const& network = chain.header().generator;
    require_two_latents(chain);
    require_same_shape(network, images);
    Surfaces surfaces{.spec = spec,
                      .seed = seed,
                      .model = network.label,
                      .chain = chain.id(),
                      .test_checksum = images.checksum,
                      .test_index = draw_targets(spec, seed, images.count),
                      .snapshots = level_snapshots(spec, chain.snapshots())};
    surfaces.shape = images.shape;
    surfaces.range = network.range;
    surfaces.images = target_images(network, images, surfaces.test_index);
    at::Tensor const targets =
        at::from_blob(surfaces.images.data(), {spec.targets, network.pixels()}, at::kFloat)
            .to(device);

    std::vector<double> const axis = grid_axis(spec);
    std::int64_t const points = spec.points * spec.points;
    surfaces.values.resize(static_cast<std::size_t>(spec.targets * spec.levels * points));
    for (std::int64_t level = 0; level < spec.levels; ++level)
    {
        chain::Snapshot const snapshot =
            chain.read(surfaces.snapshots[static_cast<std::size_t>(level)]);
        surfaces.steps.push_back(snapshot.step);
        auto const generator = model::make_evaluator(network, snapshot.generator, device);
        std::vector<double> const values = surface_values(*generator, targets, axis, stop);
        for (std::int64_t target = 0; target < spec.targets; ++target)
        {
            std::copy_n(values.begin() + target * points, points,
                        surfaces.values.begin() + (target * spec.levels + level) * points);
        }
        progress(level + 1, spec.levels);
    }
    return surfaces;
}

}  // namespace surf::landscape
