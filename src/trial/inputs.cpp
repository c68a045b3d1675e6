#include "trial/inputs.hpp"

#include <cmath>
#include <span>

#include "base/random.hpp"

namespace surf::trial
{
namespace
{

std::span<float> row(at::Tensor const& tensor, std::int64_t index)
{
    std::int64_t const length = tensor.numel() / tensor.size(0);
    return {tensor.mutable_data_ptr<float>() + index * length, static_cast<std::size_t>(length)};
}

}  // namespace

TrialInputs draw_inputs(Problem const& problem, std::int64_t first, std::int64_t count)
{
    auto const stream = [&](Purpose purpose, std::int64_t index) {
        return RandomStream(problem.seed, problem.stream_domain(), purpose,
                            static_cast<std::uint64_t>(first + index));
    };
    bool const measured = measures(problem.task);
    TrialInputs inputs;
    inputs.target_latent = at::empty({count, problem.latent_dim});
    inputs.initial_latent = at::empty({count, problem.latent_dim});
    if (measured)
    {
        inputs.measurement = at::empty({count, problem.measurements, model::image_size});
    }
    for (std::int64_t i = 0; i < count; ++i)
    {
        stream(Purpose::target_latent, i).fill_uniform(row(inputs.target_latent, i), -1, 1);
        stream(Purpose::initial_latent, i).fill_uniform(row(inputs.initial_latent, i), -1, 1);
        if (measured)
        {
            double const deviation = 1.0 / std::sqrt(static_cast<double>(problem.measurements));
            stream(Purpose::measurement_matrix, i)
                .fill_normal(row(inputs.measurement, i), 0.0, deviation);
        }
    }
    return inputs;
}

}  // namespace surf::trial
