#include "trial/lm_surfing.hpp"

#include <memory>
#include <optional>

#include "base/contract.hpp"
#include "trial/descent.hpp"
#include "trial/levenberg_marquardt.hpp"
#include "trial/lm_descent.hpp"
#include "trial/network_uses.hpp"
#include "trial/prefetcher.hpp"
#include "trial/tensor_table.hpp"

namespace surf::trial
{
namespace
{

/// Snapshots 0, stride, 2 stride … before the final one.
std::vector<std::int64_t> visited(Snapshots const& snapshots, std::int64_t stride)
{
    std::vector<std::int64_t> numbers;
    for (std::int64_t t = 0; stride != straight && t < snapshots.last(); t += stride)
    {
        numbers.push_back(t);
    }
    return numbers;
}

/// Takes the trials of a search along snapshots, so many steps on each, as long as they are below
/// their limits of network evaluations: a loop for a Checkpoint.
class LmRide
{
  public:
    /// `limits` are [trials], int64; undefined: there are none.
    LmRide(Snapshots const& snapshots, std::vector<std::int64_t> numbers, std::int64_t steps,
           at::Tensor limits, LevenbergMarquardt search)
        : snapshots_(snapshots),
          numbers_(std::move(numbers)),
          steps_(steps),
          limits_(std::move(limits)),
          search_(std::move(search)),
          going_(search_),
          rows_(at::arange(search_.state().steps.size(0), search_.state().steps.options())),
          enough_(search_.state().steps)
    {}

    bool done() const { return visit_.value() == std::ssize(numbers_); }

    void advance()
    {
        if (generator_ == nullptr)
        {
            generator_ = next_generator();
            uses_.pass_to(*generator_);
        }
        if (!begun_.value() && !begin_visit())
        {
            visit_.set(std::ssize(numbers_));
            forget_visitors();
            return;
        }
        if (!going_.advance_to(enough_, *generator_))
        {
            end_visit();
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
    void restore(LoopState const& state)
    {
        restore_to(tensors(), state);
        going_.set_objective(search_.objective().select(rows_));
    }

    /// Of those that visit the network.
    Sighting sight() const
    {
        std::int64_t const snapshot = numbers_[static_cast<std::size_t>(visit_.value())];
        return {rows_, going_.state().latents, going_.state().evaluations, snapshot};
    }

    LevenbergMarquardt const& search() const { return search_; }

  private:
    TensorRefs tensors()
    {
        return joined({search_.tensors(),
                       going_.tensors(),
                       {&rows_, &enough_},
                       visit_.tensors(),
                       begun_.tensors(),
                       uses_.tensors()});
    }

    std::unique_ptr<model::Evaluator> next_generator()
    {
        if (!generators_)
        {
            generators_.emplace(std::vector(numbers_.begin() + visit_.value(), numbers_.end()),
                                [this](std::int64_t t) {
                                    return snapshots_.prepare(snapshots_.read(t), at::kFloat);
                                });
        }
        return generators_->next();
    }

    /// The trials that are below their limits look at the network. False if there are none.
    bool begin_visit()
    {
        if (limits_.defined())
        {
            rows_ = at::nonzero(search_.state().evaluations.lt(limits_)).squeeze(1);
        }
        bool const all = rows_.size(0) == search_.state().steps.size(0);
        going_ = all ? search_.copy() : search_.select(rows_);
        if (rows_.size(0) == 0)
        {
            return false;
        }
        going_.look(*generator_);
        enough_ = going_.state().steps + steps_;
        begun_.set(1);
        return true;
    }

    void end_visit()
    {
        search_.put(rows_, going_);
        generator_.reset();
        uses_.clear();
        begun_.set(0);
        visit_.set(visit_.value() + 1);
        if (done())
        {
            forget_visitors();
        }
    }

    /// Their Jacobians are the largest part of a state.
    void forget_visitors()
    {
        rows_ = rows_.slice(0, 0, 0);
        enough_ = enough_.slice(0, 0, 0);
        going_ = going_.select(rows_);
    }

    Snapshots const& snapshots_;
    std::vector<std::int64_t> numbers_;
    std::int64_t steps_;
    at::Tensor limits_;
    LevenbergMarquardt search_;
    LevenbergMarquardt going_;  ///< the trials that visit the network
    at::Tensor rows_;           ///< which those are: [going], int64
    at::Tensor enough_;         ///< steps with which they leave it: [going], int64
    Counter visit_;             ///< which of `numbers_` is under way
    Counter begun_;             ///< whether they have looked at it
    std::optional<Prefetcher<model::Evaluator>> generators_;
    NetworkUses uses_;
    std::unique_ptr<model::Evaluator> generator_;
};

}  // namespace

std::vector<std::int64_t> strides(SurfingLmSettings const& settings)
{
    EXPECT(settings.every > 0 && settings.steps > 0);
    if (settings.schedule == LmSchedule::fixed)
    {
        return {settings.every};
    }
    std::vector<std::int64_t> ever_denser = {straight};
    for (std::int64_t stride = 2 * settings.every;
         stride > 0 && std::ssize(ever_denser) < settings.attempts; stride /= 2)
    {
        ever_denser.push_back(stride);
    }
    return ever_denser;
}

std::vector<TrialOutcome> surf_by_lm(SearchInput const& input, SearchStart const& start,
                                     std::int64_t stride)
{
    CellSpec const& cell = input.cell();
    Snapshots const& snapshots = input.snapshots;
    LevenbergMarquardt search(cell.lm, input.objective_of(start.rows), start.latents);
    input.checkpoint.announce(start.rows, snapshots.last());
    if (auto const numbers = visited(snapshots, stride); !numbers.empty())
    {
        LmRide ride(snapshots, numbers, cell.surfing_lm.steps, start.allowance, std::move(search));
        input.checkpoint.run(ride);
        search = ride.search();
    }
    auto const generator = snapshots.prepare(snapshots.read(snapshots.last()), at::kFloat);
    return descend_by_lm(*generator,
                         {.search = std::move(search),
                          .target_latents = input.target_latents_of(start.rows),
                          .limits = start.allowance},
                         cell.lm, cell.stop, input.checkpoint);
}

std::int64_t least_evaluations(SearchInput const& input, std::int64_t stride)
{
    CellSpec const& cell = input.cell();
    std::int64_t const visits = std::ssize(visited(input.snapshots, stride));
    return 1 + cell.generator.latent_dim + visits * (1 + cell.surfing_lm.steps);
}

}  // namespace surf::trial
