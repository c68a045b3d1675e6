#include "trial/objective.hpp"

namespace surf::trial
{
namespace
{

/// A v for each trial: [trials × m × n], [trials × n] → [trials × m].
at::Tensor apply(at::Tensor const& measurement, at::Tensor const& vector)
{
    return at::bmm(measurement, vector.unsqueeze(2)).squeeze(2);
}

at::Tensor row_square_sum(at::Tensor const& rows)
{
    return at::mul(rows, rows).sum(1);
}

}  // namespace

Objective::Objective(at::Tensor target, at::Tensor measurement)
    : target_(std::move(target)),
      measurement_(std::move(measurement)),
      measured_target_(measurement_.defined() ? apply(measurement_, target_) : target_)
{}

Evaluation Objective::evaluate(model::Evaluator& generator, at::Tensor const& latents) const
{
    at::Tensor const image = generator.forward(latents);
    if (!measurement_.defined())
    {
        at::Tensor const residual = image - measured_target_;
        return {row_square_sum(residual) * 0.5, generator.backward(residual)};
    }
    at::Tensor const residual = apply(measurement_, image) - measured_target_;
    at::Tensor const pulled_back = at::bmm(residual.unsqueeze(1), measurement_).squeeze(1);
    return {row_square_sum(residual) * 0.5, generator.backward(pulled_back)};
}

at::Tensor Objective::squared_norm() const
{
    return row_square_sum(measured_target_);
}

at::Tensor Objective::pixel_error(model::Evaluator& generator, at::Tensor const& latents) const
{
    at::Tensor const error = generator.forward(latents) - target_;
    return at::sqrt(row_square_sum(error) / static_cast<double>(error.size(1)));
}

Objective Objective::select(at::Tensor const& rows) const
{
    Objective selected;
    selected.target_ = target_.index_select(0, rows);
    selected.measured_target_ = selected.target_;
    if (measurement_.defined())
    {
        selected.measurement_ = measurement_.index_select(0, rows);
        selected.measured_target_ = measured_target_.index_select(0, rows);
    }
    return selected;
}

}  // namespace surf::trial
