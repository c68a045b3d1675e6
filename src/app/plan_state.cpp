#include "app/plan_state.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "app/job/estimate.hpp"
#include "app/surfaces.hpp"

namespace surf::app
{
using sched::CellIndex;
using sched::ChainIndex;

PlanState::PlanState(Job const& job, Plan const& plan, MachineSpeed speed)
    : job_(job), plan_(plan), speed_(std::move(speed)), blocks_(named_blocks(plan, job.output))
{
    for (PlannedChain const& chain : plan.chains)
    {
        chains_.push_back(stored_chain(job.chains, chain));
    }
}

StoredChain const& PlanState::stored(ChainIndex chain) const
{
    return chains_.at(static_cast<std::size_t>(chain));
}

std::vector<sched::BlockIndex> const& PlanState::stored(CellIndex cell) const
{
    return blocks_.at(static_cast<std::size_t>(cell)).stored;
}

bool PlanState::is_diverged(ChainIndex chain) const
{
    return stored(chain).state == ChainState::diverged;
}

double PlanState::share_to_train(ChainIndex index) const
{
    StoredChain const& chain = stored(index);
    bool const ended = chain.state == ChainState::published || chain.state == ChainState::diverged;
    auto const done = static_cast<double>(std::max<std::int64_t>(chain.snapshots - 1, 0));
    return ended || !plan_[index].training
               ? 0
               : 1 - done / static_cast<double>(plan_[index].intervals());
}

double PlanState::cost_of(CellIndex cell) const
{
    PlannedCell const& planned = plan_[cell];
    return static_cast<double>(planned.trials) *
           trial_cost(planned.spec, plan_[planned.chain].intervals());
}

double PlanState::seconds_of(CellIndex cell) const
{
    return speed_.trial_seconds(plan_[cell], cost_of(cell));
}

double PlanState::training_seconds(ChainIndex chain) const
{
    auto const& training = plan_[chain].training;
    return training ? speed_.training_seconds(*training) : 0;
}

namespace
{

void add(Amount& sum, double all, double share_left)
{
    sum.all += all;
    sum.left += all * share_left;
}

}  // namespace

PlanState::Sum PlanState::training() const
{
    Sum sum;
    for (std::size_t i = 0; i < chains_.size(); ++i)
    {
        auto const chain = static_cast<ChainIndex>(i);
        if (auto const& training = plan_[chain].training)
        {
            double const left = share_to_train(chain);
            add(sum.evaluations, training_cost(*training), left);
            add(sum.core_seconds, training_seconds(chain) * static_cast<double>(training->threads),
                left);
        }
    }
    return sum;
}

PlanState::Sum PlanState::trials() const
{
    Sum sum;
    for (std::size_t i = 0; i < blocks_.size(); ++i)
    {
        auto const cell = static_cast<CellIndex>(i);
        std::int64_t done = 0;
        for (sched::BlockIndex const block : blocks_[i].stored)
        {
            done += plan_[block].count;
        }
        double const left =
            is_diverged(plan_[cell].chain)
                ? 0
                : 1 - static_cast<double>(done) / static_cast<double>(plan_[cell].trials);
        add(sum.evaluations, cost_of(cell), left);
        add(sum.core_seconds, seconds_of(cell), left);
    }
    return sum;
}

std::vector<PlannedSurface> PlanState::surfaces_left() const
{
    auto surfaces = surfaces_in(plan_);
    std::erase_if(surfaces, [&](PlannedSurface const& surface) {
        return std::filesystem::exists(surface_path(job_, plan_, surface)) ||
               is_diverged(surface.chain);
    });
    return surfaces;
}

PlanState::Sum PlanState::surfaces() const
{
    auto const cost = [](std::vector<PlannedSurface> const& surfaces) {
        double sum = 0;
        for (PlannedSurface const& surface : surfaces)
        {
            sum += surface_cost(surface.spec);
        }
        return sum;
    };
    Amount const evaluations{cost(surfaces_in(plan_)), cost(surfaces_left())};
    return {evaluations,
            {evaluations.all / evaluations_per_second, evaluations.left / evaluations_per_second}};
}

}  // namespace surf::app
