#include "trial/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "spec/trial_start.hpp"
#include "trial/tensor_rows.hpp"

namespace surf::trial
{
namespace
{

/// [count × k], a row a trial: what `latent_of` gives of each.
at::Tensor draw_latents(CellSpec const& cell, std::int64_t first, std::int64_t count,
                        std::vector<float> (*latent_of)(CellSpec const&, std::int64_t))
{
    at::Tensor latents = at::empty({count, cell.generator.latent_dim});
    for (std::int64_t i = 0; i < count; ++i)
    {
        std::ranges::copy(latent_of(cell, first + i), row_of<float>(latents, i).begin());
    }
    return latents;
}

/// [count × n], in the generator's range of values.
at::Tensor draw_images(CellSpec const& cell, std::int64_t first, std::int64_t count,
                       data::TestImages const& images)
{
    GeneratorSpec const& generator = cell.generator;
    EXPECT(images.count > 0);
    if (images.shape != generator.image)
    {
        throw InputError(
            fmt::format("data: the images are {}, but {} makes {}; name images of "
                        "that shape",
                        images.shape.text(), generator.label, generator.image.text()));
    }
    std::int64_t const size = generator.pixels();
    at::Tensor targets = at::empty({count, size});
    for (std::int64_t i = 0; i < count; ++i)
    {
        std::int64_t const chosen = target_index(cell, first + i, images.count);
        auto const pixels = images.pixels.begin() + chosen * size;
        std::transform(pixels, pixels + size, row_of<float>(targets, i).begin(),
                       [&](std::uint8_t pixel) { return generator.range.value_of(pixel); });
    }
    return targets;
}

at::Tensor draw_noise(CellSpec const& cell, std::int64_t first, std::int64_t count)
{
    at::Tensor noise = at::empty({count, cell.measurements()});
    for (std::int64_t i = 0; i < count; ++i)
    {
        cell.stream(Purpose::measurement_noise, first + i)
            .fill_normal(row_of<float>(noise, i), 0.0, cell.problem.noise);
    }
    return noise;
}

}  // namespace

TrialInputs draw_inputs(CellSpec const& cell, std::int64_t first, std::int64_t count,
                        data::TestImages const* images)
{
    Problem const& problem = cell.problem;
    EXPECT(measures(problem.task) || problem.measured_by == Operator::identity);
    bool const searched = has_latent(problem.task);
    EXPECT(searched || images != nullptr);
    return {
        .target_latent = searched ? draw_latents(cell, first, count, target_latent)
                                  : at::full({count, cell.generator.latent_dim},
                                             std::numeric_limits<float>::quiet_NaN(), at::kFloat),
        .target_image = searched ? at::Tensor() : draw_images(cell, first, count, *images),
        .initial_latent = draw_latents(cell, first, count, initial_latent),
        .measured_by = draw_operator(cell, first, count),
        .noise = problem.noise > 0 ? draw_noise(cell, first, count) : at::Tensor(),
    };
}

RestartLatents::RestartLatents(CellSpec const& cell, std::int64_t first, std::int64_t count)
    : latent_dim_(cell.generator.latent_dim), prior_(cell.generator.prior)
{
    for (std::int64_t i = 0; i < count; ++i)
    {
        streams_.push_back(cell.stream(Purpose::restart_latent, first + i));
    }
}

at::Tensor RestartLatents::next(std::vector<std::int64_t> const& rows)
{
    at::Tensor latents = at::empty({std::ssize(rows), latent_dim_});
    for (std::size_t i = 0; i < rows.size(); ++i)
    {
        draw_latent(streams_[static_cast<std::size_t>(rows[i])], prior_,
                    row_of<float>(latents, static_cast<std::int64_t>(i)));
    }
    return latents;
}

}  // namespace surf::trial
