#pragma once

#include <ATen/ATen.h>

#include "model/evaluator.hpp"
#include "trial/measurement_operator.hpp"

namespace surf::trial
{

/// f and its gradient for each trial of a batch.
struct Evaluation
{
    at::Tensor value;     ///< f: [trials]
    at::Tensor gradient;  ///< ∇f: [trials × k]
};

/// r for each trial of a batch, and its Jacobian for some.
struct LinearisedResidual
{
    at::Tensor residuals;  ///< AG(x) − b: [trials × m]
    at::Tensor jacobians;  ///< (∂r/∂x)ᵀ: [rows × k × m]
};

/// A and b of one trial.
struct Measured
{
    at::Tensor matrix;  ///< A: [m × n]; undefined for A = I
    at::Tensor target;  ///< b: [m]
};

/// f(x) = ½‖AG(x) − b‖² with b = Ay + noise, trial by trial.
class Objective
{
  public:
    /// `target` is y: [trials × n]; `noise` is [trials × m], undefined for none.
    Objective(at::Tensor target, MeasurementOperator measured_by, at::Tensor const& noise = {});

    Evaluation evaluate(model::Evaluator& generator, at::Tensor const& latents) const;
    /// r = AG(x) − b: [trials × m].
    at::Tensor residual(model::Evaluator& generator, at::Tensor const& latents) const;
    /// r, and for these rows (int64) (∂r/∂x)ᵀ.
    LinearisedResidual linearise(model::Evaluator& generator, at::Tensor const& latents,
                                 at::Tensor const& rows) const;
    /// (∂r/∂x)ᵀ of these rows (int64) where the generator was evaluated last: [rows × k × m].
    at::Tensor jacobian_of(model::Evaluator& generator, at::Tensor const& rows) const;
    /// m.
    std::int64_t measurements() const { return measured_target_.size(1); }
    /// ‖b‖²: [trials].
    at::Tensor squared_norm() const;
    /// √(‖G(x) − y‖² / n), whatever A and noise: [trials].
    at::Tensor pixel_error(model::Evaluator& generator, at::Tensor const& latents) const;
    Measured measured(std::int64_t row) const;
    /// The objective of the trials in these rows (int64).
    Objective select(at::Tensor const& rows) const;

  private:
    MeasurementOperator operator_;
    at::Tensor target_;
    at::Tensor measured_target_;  ///< b
};

}  // namespace surf::trial
