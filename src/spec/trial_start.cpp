#include "spec/trial_start.hpp"

#include "base/contract.hpp"

namespace surf
{

namespace
{

std::vector<float> drawn_latent(CellSpec const& cell, Purpose purpose, std::int64_t trial)
{
    std::vector<float> latent(static_cast<std::size_t>(cell.generator.latent_dim));
    RandomStream stream = cell.stream(purpose, trial);
    draw_latent(stream, cell.generator.prior, latent);
    return latent;
}

}  // namespace

void draw_latent(RandomStream& stream, Prior prior, std::span<float> latent)
{
    switch (prior)
    {
        case Prior::uniform:
            stream.fill_uniform(latent, -1, 1);
            return;
        case Prior::normal:
            stream.fill_normal(latent, 0, 1);
            return;
    }
    EXPECT(!"every prior of the table has its case");
}

std::vector<float> target_latent(CellSpec const& cell, std::int64_t trial)
{
    EXPECT(has_latent(cell.problem.task));
    std::vector<float> latent = drawn_latent(cell, Purpose::target_latent, trial);
    for (float& component : latent)
    {
        component *= static_cast<float>(cell.problem.target_scale);
    }
    return latent;
}

std::vector<float> initial_latent(CellSpec const& cell, std::int64_t trial)
{
    return drawn_latent(cell, Purpose::initial_latent, trial);
}

std::int64_t target_index(CellSpec const& cell, std::int64_t trial, std::int64_t images)
{
    EXPECT(images > 0);
    return static_cast<std::int64_t>(
        cell.stream(Purpose::target_image, trial).below(static_cast<std::uint64_t>(images)));
}

}  // namespace surf
