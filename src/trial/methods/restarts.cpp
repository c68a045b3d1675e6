#include "trial/restarts.hpp"

#include "trial/final_network.hpp"
#include "trial/methods/methods.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_restarts(SearchInput const& input)
{
    CellSpec const& cell = input.cell();
    RestartLatents starts(cell, input.block.first, input.block.count);
    Restarts const restarts{cell.adam, input.block.budget,
                            [&](auto const& rows) { return starts.next(rows); }};
    at::Tensor const latents = input.initial_latents();
    FinalNetwork network(input.snapshots, cell.precision);
    return descend_restarting(network.generators(), input.objective,
                              {.latents = latents,
                               .target_latents = input.target_latents(),
                               .adam = Adam(cell.adam, latents)},
                              restarts, cell.stop, input.stop);
}

}  // namespace surf::trial
