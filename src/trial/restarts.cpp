#include "trial/restarts.hpp"

#include <numeric>

#include "base/contract.hpp"
#include "trial/attempts.hpp"

namespace surf::trial
{
namespace
{

using Rows = std::vector<std::int64_t>;

/// What the trials in these rows may still spend: [rows].
at::Tensor steps_left(std::vector<TrialOutcome> const& trials, Rows const& rows,
                      std::int64_t budget, at::Device device)
{
    Rows left;
    for (std::int64_t const row : rows)
    {
        left.push_back(budget - trials[static_cast<std::size_t>(row)].iterations);
    }
    return at::tensor(left, at::kLong).to(device);
}

}  // namespace

std::vector<TrialOutcome> descend_restarting(FinalGenerators const& generators,
                                             Objective const& objective, DescentStart first,
                                             Restarts const& restarts, StopRule const& rule,
                                             std::stop_token const& stop)
{
    EXPECT(first.iterations == 0 && restarts.budget >= 0);
    at::Tensor const target_latents = first.target_latents;
    at::Device const device = target_latents.device();
    Rows rows(static_cast<std::size_t>(target_latents.size(0)));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});

    std::vector<TrialOutcome> trials(rows.size());
    first.caps = steps_left(trials, rows, restarts.budget, device);
    trials = descend(generators, objective, std::move(first), rule, stop);
    std::vector<TrialOutcome> starts = trials;
    while (true)
    {
        Rows unfinished;
        for (std::size_t i = 0; i < rows.size(); ++i)
        {
            bool const moved = starts[i].iterations > 0;
            if (moved && trials[static_cast<std::size_t>(rows[i])].iterations < restarts.budget)
            {
                unfinished.push_back(rows[i]);
            }
        }
        if (unfinished.empty())
        {
            return trials;
        }
        rows = std::move(unfinished);

        at::Tensor const chosen = at::tensor(rows, at::kLong).to(device);
        at::Tensor const latents = restarts.next(rows).to(target_latents.options());
        starts = descend(generators, objective.select(chosen),
                         {.latents = latents,
                          .target_latents = target_latents.index_select(0, chosen),
                          .adam = Adam(restarts.adam, latents),
                          .caps = steps_left(trials, rows, restarts.budget, device)},
                         rule, stop);
        for (std::size_t i = 0; i < rows.size(); ++i)
        {
            add_search(trials[static_cast<std::size_t>(rows[i])], starts[i]);
        }
    }
}

}  // namespace surf::trial
