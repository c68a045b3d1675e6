#include "trial/adam_surfing.hpp"

#include <memory>
#include <numeric>
#include <optional>

#include "model/frozen_layer.hpp"
#include "trial/descent_batch.hpp"
#include "trial/final_network.hpp"
#include "trial/network_uses.hpp"
#include "trial/prefetcher.hpp"
#include "trial/schedule.hpp"
#include "trial/tensor_table.hpp"

namespace surf::trial
{
namespace
{

/// After which of so many steps on a network the next one is made ready: the first or, if the
/// network packs its weights, the one in which it does: there are three copies of them for a while,
/// and a network that is ready beside it would be a fourth.
std::int64_t preparing_step(std::int64_t steps, at::Device device)
{
    constexpr std::int64_t packing = model::uses_before_packing;
    return device.is_cpu() && steps > packing ? packing : 0;
}

/// Takes latents along snapshots 0 … T − 1, so many steps on each: a loop for a Checkpoint.
/// Snapshots without steps are not even read.
class AdamRide
{
  public:
    AdamRide(SearchInput const& input, Objective const& objective, at::Tensor latents, Adam adam,
             std::int64_t budget)
        : settings_(input.cell().surfing),
          snapshots_(input.snapshots),
          type_(approximate_type(input.cell().precision)),
          objective_(objective),
          steps_(spread_budget(settings_, snapshots_.last(), budget)),
          latents_(std::move(latents)),
          adam_(std::move(adam))
    {
        for (std::int64_t t = 0; t < snapshots_.last(); ++t)
        {
            if (steps_[static_cast<std::size_t>(t)] > 0)
            {
                visited_.push_back(t);
            }
        }
    }

    bool done() const { return visit_.value() == std::ssize(visited_); }

    void advance()
    {
        if (generator_ == nullptr)
        {
            generator_ = next_generator();
            uses_.pass_to(*generator_);
        }
        std::int64_t const step = step_.value();
        if (step == 0)
        {
            forget_moments();
        }
        adam_.step(latents_, objective_.evaluate(*generator_, latents_).gradient);
        std::int64_t const steps = steps_[static_cast<std::size_t>(snapshot())];
        if (step == preparing_step(steps, latents_.device()))
        {
            generators_->prepare_next();
        }
        step_.set(step + 1);
        if (step + 1 == steps)
        {
            generator_.reset();
            uses_.clear();
            step_.set(0);
            visit_.set(visit_.value() + 1);
        }
    }

    LoopState state()
    {
        if (generator_)
        {
            uses_.note(*generator_);
        }
        return state_of(tensors());
    }
    void restore(LoopState const& state) { restore_to(tensors(), state); }

    Sighting sight() const
    {
        std::int64_t const steps =
            std::accumulate(steps_.begin(), steps_.begin() + snapshot(), step_.value());
        return {at::arange(latents_.size(0), at::kLong), latents_,
                at::tensor(evaluations_a_step * steps, at::kLong), snapshot()};
    }

    at::Tensor const& latents() const { return latents_; }
    /// As the final network takes it over.
    Adam adam()
    {
        forget_moments();
        return adam_;
    }

  private:
    TensorRefs tensors()
    {
        return joined(
            {{&latents_}, adam_.tensors(), visit_.tensors(), step_.tensors(), uses_.tensors()});
    }

    std::int64_t snapshot() const { return visited_[static_cast<std::size_t>(visit_.value())]; }

    std::unique_ptr<model::Evaluator> next_generator()
    {
        if (!generators_)
        {
            generators_.emplace(
                std::vector(visited_.begin() + visit_.value(), visited_.end()),
                [this](std::int64_t t) { return snapshots_.prepare(snapshots_.read(t), type_); });
        }
        return generators_->next_alone();
    }

    void forget_moments()
    {
        if (settings_.adam_state == AdamState::reset)
        {
            adam_.reset();
        }
    }

    SurfingSettings const& settings_;
    Snapshots const& snapshots_;
    at::ScalarType type_;
    Objective const& objective_;
    std::vector<std::int64_t> steps_;    ///< on each snapshot
    std::vector<std::int64_t> visited_;  ///< snapshots with steps
    at::Tensor latents_;
    Adam adam_;
    Counter visit_;  ///< which of `visited_` is under way
    Counter step_;   ///< steps done on it
    std::optional<Prefetcher<model::Evaluator>> generators_;
    NetworkUses uses_;
    std::unique_ptr<model::Evaluator> generator_;  ///< of the snapshot under way, once it is used
};

}  // namespace

std::vector<TrialOutcome> surf_by_adam(SearchInput const& input, SearchStart start,
                                       std::int64_t steps)
{
    CellSpec const& cell = input.cell();
    Objective const objective = input.objective_of(start.rows);
    at::Tensor latents = start.latents;
    input.checkpoint.announce(start.rows, input.snapshots.last());
    Adam adam(cell.adam, latents);
    if (steps > 0)
    {
        AdamRide ride(input, objective, latents, adam, steps);
        input.checkpoint.run(ride);
        latents = ride.latents();
        adam = ride.adam();
    }
    at::Tensor const allowance =
        start.allowance.defined() ? start.allowance - evaluations_a_step * steps : at::Tensor();
    // The final network comes after: surfing has two in memory as it is.
    return descend_on_final(cell, input.snapshots, objective,
                            {.latents = latents,
                             .target_latents = input.target_latents_of(start.rows),
                             .adam = std::move(adam),
                             .iterations = steps,
                             .allowance = allowance},
                            input.checkpoint);
}

}  // namespace surf::trial
