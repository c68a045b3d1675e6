#pragma once

#include <ATen/ATen.h>

#include "spec/outcome.hpp"
#include "trial/tensor_table.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// When the trials of a batch first were within the success distance of x* on the final network, as
/// TrialOutcome has it: [trials] each, int64.
struct FirstHits
{
    at::Tensor steps;
    at::Tensor evaluations;

    /// Of trials that have not hit, on the device of `like`.
    static FirstHits none(std::int64_t trials, at::TensorOptions const& like)
    {
        auto const whole = like.dtype(at::kLong);
        return {at::full({trials}, TrialOutcome::never, whole),
                at::full({trials}, TrialOutcome::never, whole)};
    }

    TensorRefs tensors() { return {&steps, &evaluations}; }

    /// Notes the trials that hit for the first time, after so many steps and network evaluations.
    void note(at::Tensor const& hit, at::Tensor const& steps_now, at::Tensor const& evaluations_now)
    {
        at::Tensor const first = hit.logical_and(steps.lt(0));
        steps = at::where(first, steps_now, steps);
        evaluations = at::where(first, evaluations_now, evaluations);
    }
};

}  // namespace surf::trial
