#include "trial/trace.hpp"

#include <algorithm>
#include <utility>

#include "base/contract.hpp"
#include "trial/host_values.hpp"
#include "trial/snapshots.hpp"

namespace surf::trial
{
namespace
{

/// Writes down where one trial of a block is seen.
class Recorder
{
  public:
    explicit Recorder(std::int64_t row) : row_(row) {}

    void note(Sighting const& sighting)
    {
        at::Tensor const found = at::nonzero(sighting.rows.eq(row_));
        if (found.size(0) == 0)
        {
            return;
        }
        std::int64_t const place = found.item<std::int64_t>();
        at::Tensor const& counts = sighting.evaluations;
        auto const here = (counts.numel() == 1 ? counts : counts[place]).item<std::int64_t>();
        if (sighting.search != search_ && !latents_.empty())
        {
            earlier_ += before_;  // a search from another start counts anew
            ++start_;
        }
        search_ = sighting.search;
        before_ = here;
        add(sighting.latents[place], earlier_ + here, *sighting.snapshot);
    }

    bool has_one_start() const { return start_ == 0; }

    void add(at::Tensor const& latent, std::int64_t evaluations, std::int64_t snapshot)
    {
        latents_.push_back(latent.to(at::kCPU, at::kFloat, /*non_blocking=*/false, /*copy=*/true));
        evaluations_.push_back(evaluations);
        snapshots_.push_back(snapshot);
        starts_.push_back(start_);
    }

    /// Without what the final network says.
    Path path(std::int64_t most_points) const
    {
        EXPECT(!latents_.empty() && most_points > 1);
        Path path;
        std::vector<at::Tensor> latents;
        std::size_t const last = latents_.size() - 1;
        std::size_t const steps = std::min(last, static_cast<std::size_t>(most_points - 1));
        for (std::size_t i = 0; i <= steps; ++i)
        {
            std::size_t const point = steps == 0 ? last : i * last / steps;
            latents.push_back(latents_[point]);
            path.evaluations.push_back(evaluations_[point]);
            path.snapshot.push_back(snapshots_[point]);
            path.start.push_back(starts_[point]);
        }
        path.latents = at::stack(latents);
        return path;
    }

  private:
    std::int64_t row_;
    std::int64_t earlier_ = 0;  ///< network evaluations of searches from other starts
    std::int64_t before_ = 0;
    std::int64_t search_ = 0;
    std::int64_t start_ = 0;
    std::vector<at::Tensor> latents_;
    std::vector<std::int64_t> evaluations_;
    std::vector<std::int64_t> snapshots_;
    std::vector<std::int64_t> starts_;
};

at::Tensor on_host(at::Tensor const& batch, std::int64_t row)
{
    return batch[row].to(at::kCPU, at::kFloat).contiguous();
}

}  // namespace

TrialTrace trace_trial(BlockSpec const& block, std::int64_t row, BlockSources const& sources,
                       at::Device device, EvaluatorFactory const& evaluators,
                       Checkpoint& checkpoint, std::int64_t most_points)
{
    EXPECT(0 <= row && row < block.count);
    BlockProblem const problem = draw_problem(block, sources, device, evaluators);
    Recorder recorder(row);
    checkpoint.set_watch([&](Sighting const& sighting) { recorder.note(sighting); });
    auto const outcomes = solve(block, problem, sources, device, evaluators, checkpoint);
    TrialOutcome const& outcome = outcomes[static_cast<std::size_t>(row)];
    Snapshots const snapshots(sources.chain, evaluators);
    if (recorder.has_one_start())
    {
        recorder.add(at::tensor(outcome.latent), outcome.network_evaluations, snapshots.last());
    }

    auto const generator = snapshots.prepare(snapshots.read(snapshots.last()), at::kFloat);
    at::Tensor const only = at::tensor(row, at::kLong).to(device);
    Objective const objective = problem.objective.select(only);
    Path path = recorder.path(most_points);
    for (at::Tensor const& latent : path.latents.split(1))
    {
        path.objective.push_back(
            objective.evaluate(*generator, latent.to(device)).value.item<double>());
    }
    at::Tensor const target_latent = on_host(problem.inputs.target_latent, row);
    path.distance = host_values<double>(
        at::linalg_vector_norm(path.latents - target_latent, 2, at::IntArrayRef{1}));

    auto const measured_by = problem.inputs.measured_by.to(device, at::kFloat).select(only);
    at::Tensor const measured = problem.objective.measured(row).target.unsqueeze(0);
    at::Tensor const found = at::tensor(outcome.latent).unsqueeze(0).to(device);
    at::Tensor const image = generator->forward(found).clone();
    return {.outcome = outcome,
            .target_latent = target_latent,
            .initial_latent = on_host(problem.inputs.initial_latent, row),
            .target_image = on_host(problem.target, row),
            .measured = on_host(measured, 0),
            .back_projection = on_host(measured_by.adjoint(measured), 0),
            .reconstruction = on_host(image, 0),
            .measured_reconstruction = on_host(measured_by.apply(image), 0),
            .path = std::move(path)};
}

}  // namespace surf::trial
