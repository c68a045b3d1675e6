#include "trial/projected.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>

#include "base/contract.hpp"
#include "trial/adam.hpp"
#include "trial/attempts.hpp"
#include "trial/descent.hpp"
#include "trial/host_values.hpp"
#include "trial/methods/methods.hpp"
#include "trial/network_uses.hpp"
#include "trial/prefetcher.hpp"
#include "trial/tensor_table.hpp"

namespace surf::trial
{
namespace
{

/// Rows 0 … count − 1.
std::vector<std::int64_t> all_rows(std::int64_t count)
{
    std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    return rows;
}

/// x_0 = argmin f_0: for each trial the best end of Adam from x_init and from new starts.
std::vector<TrialOutcome> minimise_first(SearchInput const& input)
{
    CellSpec const& cell = input.cell();
    auto const network =
        input.snapshots.prepare(input.snapshots.read(cell.projected.first_snapshot), at::kFloat);
    at::Tensor const latents = input.initial_latents();
    RestartLatents starts(cell, input.block.first, input.block.count);
    auto const descend_from = [&](at::Tensor const& start) {
        return descend(*network, input.objective,
                       {start.clone(), input.target_latents(), Adam(cell.adam, start)}, cell.stop,
                       input.checkpoint);
    };
    auto trials = descend_from(latents);
    for (std::int64_t start = 1; start < cell.projected.starts; ++start)
    {
        auto const outcomes =
            descend_from(starts.next(all_rows(input.block.count)).to(latents.options()));
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            add_search(trials[i], outcomes[i]);
        }
    }
    return trials;
}

/// Adds a trial's move to what it has done, and takes it where the move ended.
void add_move(TrialOutcome& outcome, ProjectedMove const& move)
{
    Eigen::VectorXd const& latent = move.best.latent;
    std::ranges::transform(latent, outcome.latent.begin(),
                           [](double x) { return static_cast<float>(x); });
    outcome.iterations += move.steps;
    outcome.network_evaluations += move.passes * (latent.size() + 1);
    outcome.pieces += move.pieces;
    outcome.units_cut += move.units_cut;
    outcome.capped_snapshots += move.units_cut > 0 ? 1 : 0;
    outcome.stop_reason = move.best.converged ? StopReason::converged : StopReason::iteration_cap;
}

Eigen::VectorXd latent_of(TrialOutcome const& outcome)
{
    return Eigen::Map<Eigen::VectorXf const>(outcome.latent.data(), std::ssize(outcome.latent))
        .cast<double>();
}

/// The whole numbers of an outcome that moves change, beside its stop reason.
constexpr std::array moved_numbers = {&TrialOutcome::iterations, &TrialOutcome::network_evaluations,
                                      &TrialOutcome::pieces, &TrialOutcome::units_cut,
                                      &TrialOutcome::capped_snapshots};

/// Moves the trials on the linear pieces of the networks behind the first, trial by trial: a loop
/// for a Checkpoint.
class ProjectedRide
{
  public:
    ProjectedRide(SearchInput const& input, std::vector<TrialOutcome> outcomes)
        : input_(input), settings_(input.cell().projected), outcomes_(std::move(outcomes))
    {
        EXPECT(settings_.first_snapshot < input.snapshots.last());
        for (std::int64_t const row : all_rows(input.block.count))
        {
            targets_.emplace_back(input.objective.measured(row));
        }
    }

    bool done() const { return snapshot() > input_.snapshots.last(); }

    void advance()
    {
        if (generator_ == nullptr)
        {
            generator_ = next_generator();
            uses_.pass_to(*generator_);
        }
        auto& outcome = outcomes_[static_cast<std::size_t>(row_.value())];
        if (Eigen::VectorXd const latent = latent_of(outcome); latent.allFinite())
        {
            auto const& target = targets_[static_cast<std::size_t>(row_.value())];
            add_move(outcome, move_on_pieces(*generator_, target, latent, settings_));
        }
        row_.set(row_.value() + 1);
        if (row_.value() == std::ssize(outcomes_))
        {
            row_.set(0);
            visits_.set(visits_.value() + 1);
            if (!done())
            {
                generator_.reset();
                uses_.clear();
            }
        }
    }

    LoopState state()
    {
        if (generator_)
        {
            uses_.note(*generator_);
        }
        LoopState state = state_of(joined({visits_.tensors(), row_.tensors(), uses_.tensors()}));
        std::vector<std::int64_t> numbers;
        std::vector<float> latents;
        for (TrialOutcome const& outcome : outcomes_)
        {
            for (auto const number : moved_numbers)
            {
                numbers.push_back(outcome.*number);
            }
            numbers.push_back(static_cast<std::int64_t>(outcome.stop_reason));
            latents.insert(latents.end(), outcome.latent.begin(), outcome.latent.end());
        }
        state.push_back(at::tensor(numbers, at::kLong));
        state.push_back(at::tensor(latents, at::kFloat));
        return state;
    }

    void restore(LoopState const& state)
    {
        restore_to(joined({visits_.tensors(), row_.tensors(), uses_.tensors()}),
                   {state[0], state[1], state[2]});
        auto const numbers = host_values<std::int64_t>(state[3]);
        auto const latents = host_values<float>(state[4]);
        EXPECT(numbers.size() == outcomes_.size() * (moved_numbers.size() + 1));
        auto number = numbers.begin();
        auto latent = latents.begin();
        for (TrialOutcome& outcome : outcomes_)
        {
            for (auto const member : moved_numbers)
            {
                outcome.*member = *number++;
            }
            outcome.stop_reason = static_cast<StopReason>(*number++);
            latent =
                std::ranges::copy_n(latent, std::ssize(outcome.latent), outcome.latent.begin()).in;
        }
    }

    /// Of the trial that moves next.
    Sighting sight() const
    {
        TrialOutcome const& outcome = outcomes_[static_cast<std::size_t>(row_.value())];
        return {at::tensor(row_.value(), at::kLong), at::tensor(outcome.latent).unsqueeze(0),
                at::tensor(outcome.network_evaluations, at::kLong), snapshot()};
    }

    std::vector<TrialOutcome> const& outcomes() const { return outcomes_; }
    /// The final network, when the loop is done.
    model::FrozenGenerator& final_generator()
    {
        EXPECT(generator_ != nullptr);
        return *generator_;
    }

  private:
    /// The one that the trials move on, or the last behind them all.
    std::int64_t snapshot() const { return settings_.first_snapshot + 1 + visits_.value(); }

    std::unique_ptr<model::FrozenGenerator> next_generator()
    {
        if (!generators_)
        {
            std::vector<std::int64_t> later;
            for (std::int64_t t = snapshot(); t <= input_.snapshots.last(); ++t)
            {
                later.push_back(t);
            }
            generators_.emplace(later, [this](std::int64_t t) { return make_generator(t); });
        }
        return generators_->next();
    }

    std::unique_ptr<model::FrozenGenerator> make_generator(std::int64_t t) const
    {
        return std::make_unique<model::FrozenGenerator>(*input_.snapshots.generator().layers(),
                                                        input_.snapshots.read(t), input_.device);
    }

    SearchInput const& input_;
    ProjectedSettings const& settings_;
    std::vector<TrialOutcome> outcomes_;
    std::vector<PieceTarget> targets_;
    Counter visits_;  ///< networks that all trials have moved on
    Counter row_;     ///< the trial that moves next
    std::optional<Prefetcher<model::FrozenGenerator>> generators_;
    NetworkUses uses_;
    std::unique_ptr<model::FrozenGenerator> generator_;
};

}  // namespace

std::vector<TrialOutcome> search_by_projected(SearchInput const& input)
{
    std::int64_t const first = input.cell().projected.first_snapshot;
    input.checkpoint.announce(all_rows(input.block.count), first);
    ProjectedRide ride(input, minimise_first(input));
    input.checkpoint.run(ride);
    auto outcomes = ride.outcomes();
    describe_latents(ride.final_generator(), input.objective, input.target_latents(),
                     input.cell().stop, outcomes);
    for (TrialOutcome& outcome : outcomes)
    {
        outcome.first_hit = outcome.success ? outcome.iterations : TrialOutcome::never;
        outcome.hit_evaluations =
            outcome.success ? outcome.network_evaluations : TrialOutcome::never;
        outcome.best_objective = outcome.objective;
        outcome.best_latent = outcome.latent;
        if (!std::isfinite(outcome.objective))
        {
            outcome.stop_reason = StopReason::non_finite;
        }
    }
    return outcomes;
}

}  // namespace surf::trial
