#pragma once

#include <vector>

#include "base/contract.hpp"
#include "spec/outcome.hpp"
#include "trial/checkpoint.hpp"
#include "trial/inputs.hpp"
#include "trial/objective.hpp"
#include "trial/snapshots.hpp"

/// The searches, one file each. All that else is special about a method is its row in
/// spec/method.hpp.
namespace surf::trial
{

/// From where some trials of a block are searched for.
struct SearchStart
{
    std::vector<std::int64_t> rows;  ///< the trials
    at::Tensor latents;              ///< [rows × k]
    /// Network evaluations that each may take: [rows], int64; undefined without a limit.
    at::Tensor allowance = {};
};

/// What a search is given.
struct SearchInput
{
    BlockSpec const& block;
    Snapshots const& snapshots;
    Objective const& objective;  ///< of all trials of the block
    TrialInputs const& inputs;
    at::Device device;
    Checkpoint& checkpoint;  ///< through which its loops run

    CellSpec const& cell() const { return block.cell; }
    at::Tensor initial_latents() const { return inputs.initial_latent.to(device); }
    /// NaN where there is no x*.
    at::Tensor target_latents() const { return inputs.target_latent.to(device); }

    /// All trials of the block, at x_init.
    SearchStart beginning() const;
    /// Some of them there.
    SearchStart beginning(std::vector<std::int64_t> const& rows) const;
    /// The objective and x* of the trials in these rows.
    Objective objective_of(std::vector<std::int64_t> const& rows) const;
    at::Tensor target_latents_of(std::vector<std::int64_t> const& rows) const;
};

/// Searches the latents of all trials of a block. Gives the outcomes in the order of the trials,
/// numbered from 0. Throws FileError if the chain is damaged, Interrupted when asked to stop.
using Search = std::vector<TrialOutcome>(SearchInput const& input);

Search search_by_adam;
Search search_by_surfing;
Search search_by_restarts;
Search search_by_projected;
Search search_by_lm;
Search search_by_surfing_lm;
Search search_by_restarts_lm;
Search search_by_restarts_surfing;
Search search_by_restarts_surfing_lm;

inline Search& search_of(Method method)
{
    switch (method)
    {
        case Method::adam:
            return search_by_adam;
        case Method::surfing:
            return search_by_surfing;
        case Method::restarts:
            return search_by_restarts;
        case Method::projected:
            return search_by_projected;
        case Method::lm:
            return search_by_lm;
        case Method::surfing_lm:
            return search_by_surfing_lm;
        case Method::restarts_lm:
            return search_by_restarts_lm;
        case Method::restarts_surfing:
            return search_by_restarts_surfing;
        case Method::restarts_surfing_lm:
            return search_by_restarts_surfing_lm;
    }
    EXPECT(!"every method has its search");
    return search_by_adam;
}

}  // namespace surf::trial
