#include "trial/final_network.hpp"
#include "trial/methods/methods.hpp"

namespace surf::trial
{

std::vector<TrialOutcome> search_by_adam(SearchInput const& input)
{
    at::Tensor const latents = input.initial_latents();
    return descend_on_final(input.cell(), input.snapshots, input.objective,
                            {.latents = latents,
                             .target_latents = input.target_latents(),
                             .adam = Adam(input.cell().adam, latents)},
                            input.stop);
}

}  // namespace surf::trial
