#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "spec/outcome.hpp"
#include "trial/first_hits.hpp"
#include "trial/tensor_table.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// How the trials of a search ended: row i of every tensor belongs to the same trial.
struct SearchEnds
{
    at::Tensor reasons;      ///< StopReason: [trials], int8
    at::Tensor steps;        ///< [trials], int64
    at::Tensor evaluations;  ///< of networks: [trials], int64
    FirstHits hits;
    at::Tensor latents;       ///< x̂: [trials × k]
    at::Tensor best_values;   ///< smallest f seen: [trials]
    at::Tensor best_latents;  ///< where it was seen: [trials × k]

    TensorRefs tensors()
    {
        return joined({{&reasons, &steps, &evaluations},
                       hits.tensors(),
                       {&latents, &best_values, &best_latents}});
    }
};

/// As it stands in SearchEnds::reasons.
inline std::int8_t code(StopReason reason)
{
    return static_cast<std::int8_t>(reason);
}

/// Not a StopReason: of a trial that goes on.
inline constexpr std::int8_t none_yet = -1;

/// The outcomes in the order of the rows, numbered from 0, but for what needs a fresh look at x̂.
std::vector<TrialOutcome> outcomes_of(SearchEnds const& ends);

}  // namespace surf::trial
