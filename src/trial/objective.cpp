#include "trial/objective.hpp"

namespace surf::trial
{
namespace
{

at::Tensor row_square_sum(at::Tensor const& rows)
{
    return at::mul(rows, rows).sum(1);
}

}  // namespace

Objective::Objective(at::Tensor target, Measurement measurement, at::Tensor const& noise)
    : measurement_(std::move(measurement)),
      target_(std::move(target)),
      measured_target_(measurement_.apply(target_))
{
    if (noise.defined())
    {
        measured_target_ = measured_target_ + noise;
    }
}

Evaluation Objective::evaluate(model::Evaluator& generator, at::Tensor const& latents) const
{
    at::Tensor const r = residual(generator, latents);
    return {row_square_sum(r) * 0.5, generator.backward(measurement_.adjoint(r))};
}

at::Tensor Objective::residual(model::Evaluator& generator, at::Tensor const& latents) const
{
    return measurement_.apply(generator.forward(latents)) - measured_target_;
}

at::Tensor Objective::jacobian(model::Evaluator& generator) const
{
    return measurement_.apply(generator.jacobian());
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

Measured Objective::measured(std::int64_t row) const
{
    return {measurement_.matrix(row), measured_target_[row]};
}

Objective Objective::select(at::Tensor const& rows) const
{
    Objective selected(*this);
    selected.measurement_ = measurement_.select(rows);
    selected.target_ = target_.index_select(0, rows);
    selected.measured_target_ = measured_target_.index_select(0, rows);
    return selected;
}

}  // namespace surf::trial
