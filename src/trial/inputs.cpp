#include "trial/inputs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "base/contract.hpp"

namespace surf::trial
{
namespace
{

RandomStream stream_of(Problem const& problem, Purpose purpose, std::int64_t trial)
{
    return {problem.seed, problem.stream_domain(), purpose, static_cast<std::uint64_t>(trial)};
}

template <class Value>
std::span<Value> row(at::Tensor const& tensor, std::int64_t index)
{
    std::int64_t const length = tensor.numel() / tensor.size(0);
    return {tensor.mutable_data_ptr<Value>() + index * length, static_cast<std::size_t>(length)};
}

/// [count × width], a row a trial, uniform on [−1, 1].
at::Tensor draw_latents(Problem const& problem, Purpose purpose, std::int64_t first,
                        std::int64_t count)
{
    at::Tensor latents = at::empty({count, problem.latent_dim});
    for (std::int64_t i = 0; i < count; ++i)
    {
        stream_of(problem, purpose, first + i).fill_uniform(row<float>(latents, i), -1, 1);
    }
    return latents;
}

/// [count × n], pixels in [0, 1].
at::Tensor draw_images(Problem const& problem, std::int64_t first, std::int64_t count,
                       data::TestImages const& images)
{
    EXPECT(images.count > 0 && images.rows * images.columns == image_size);
    at::Tensor targets = at::empty({count, image_size});
    for (std::int64_t i = 0; i < count; ++i)
    {
        auto const chosen = stream_of(problem, Purpose::target_image, first + i)
                                .below(static_cast<std::uint64_t>(images.count));
        auto const pixels =
            images.pixels.begin() + static_cast<std::ptrdiff_t>(chosen) * image_size;
        std::transform(pixels, pixels + image_size, row<float>(targets, i).begin(),
                       [](std::uint8_t pixel) { return static_cast<float>(pixel) / 255.0F; });
    }
    return targets;
}

/// The first m pixels of a random order (Fisher & Yates), sorted.
void draw_pixels(RandomStream stream, std::span<std::int64_t> chosen)
{
    std::vector<std::int64_t> pixels(static_cast<std::size_t>(image_size));
    std::iota(pixels.begin(), pixels.end(), std::int64_t{0});
    for (std::size_t i = 0; i < chosen.size(); ++i)
    {
        std::swap(pixels[i], pixels[i + stream.below(pixels.size() - i)]);
        chosen[i] = pixels[i];
    }
    std::sort(chosen.begin(), chosen.end());
}

at::Tensor draw_matrices(Problem const& problem, std::int64_t first, std::int64_t count)
{
    double const deviation = 1.0 / std::sqrt(static_cast<double>(problem.measurements));
    at::Tensor matrices = at::empty({count, problem.measurements, image_size});
    for (std::int64_t i = 0; i < count; ++i)
    {
        stream_of(problem, Purpose::measurement_matrix, first + i)
            .fill_normal(row<float>(matrices, i), 0.0, deviation);
    }
    return matrices;
}

at::Tensor draw_masks(Problem const& problem, std::int64_t first, std::int64_t count)
{
    at::Tensor pixels = at::empty({count, problem.measurements}, at::kLong);
    for (std::int64_t i = 0; i < count; ++i)
    {
        draw_pixels(stream_of(problem, Purpose::measurement_matrix, first + i),
                    row<std::int64_t>(pixels, i));
    }
    return pixels;
}

Measurement draw_measurement(Problem const& problem, std::int64_t first, std::int64_t count)
{
    EXPECT(valid_measurements(problem.measurement, problem.measurement_count()));
    bool const shared = problem.draw == Draw::shared;
    auto const draw = [&](auto draw_rows) {
        return shared ? draw_rows(problem, 0, 1).squeeze(0) : draw_rows(problem, first, count);
    };
    switch (problem.measurement)
    {
        case Operator::identity:
            break;
        case Operator::gaussian:
            return Measurement::dense(draw(draw_matrices));
        case Operator::mask:
            return Measurement::mask(draw(draw_masks));
        case Operator::block_average:
            return Measurement::block_average(problem.measurements);
    }
    return Measurement::identity();
}

at::Tensor draw_noise(Problem const& problem, std::int64_t first, std::int64_t count)
{
    at::Tensor noise = at::empty({count, problem.measurement_count()});
    for (std::int64_t i = 0; i < count; ++i)
    {
        stream_of(problem, Purpose::measurement_noise, first + i)
            .fill_normal(row<float>(noise, i), 0.0, problem.noise);
    }
    return noise;
}

}  // namespace

TrialInputs draw_inputs(Problem const& problem, std::int64_t first, std::int64_t count,
                        data::TestImages const* images)
{
    EXPECT(measures(problem.task) || problem.measurement == Operator::identity);
    bool const searched = has_latent(problem.task);
    EXPECT(searched || images != nullptr);
    return {
        .target_latent = searched ? draw_latents(problem, Purpose::target_latent, first, count)
                                  : at::full({count, problem.latent_dim},
                                             std::numeric_limits<float>::quiet_NaN(), at::kFloat),
        .target_image = searched ? at::Tensor() : draw_images(problem, first, count, *images),
        .initial_latent = draw_latents(problem, Purpose::initial_latent, first, count),
        .measurement = draw_measurement(problem, first, count),
        .noise = problem.noise > 0 ? draw_noise(problem, first, count) : at::Tensor(),
    };
}

RestartLatents::RestartLatents(Problem const& problem, std::int64_t first, std::int64_t count)
    : latent_dim_(problem.latent_dim)
{
    for (std::int64_t i = 0; i < count; ++i)
    {
        streams_.push_back(stream_of(problem, Purpose::restart_latent, first + i));
    }
}

at::Tensor RestartLatents::next(std::vector<std::int64_t> const& rows)
{
    at::Tensor latents = at::empty({std::ssize(rows), latent_dim_});
    for (std::size_t i = 0; i < rows.size(); ++i)
    {
        streams_[static_cast<std::size_t>(rows[i])].fill_uniform(
            row<float>(latents, static_cast<std::int64_t>(i)), -1, 1);
    }
    return latents;
}

}  // namespace surf::trial
