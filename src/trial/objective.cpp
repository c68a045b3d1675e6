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

Objective::Objective(at::Tensor target, MeasurementOperator measured_by, at::Tensor const& noise)
    : operator_(std::move(measured_by)),
      target_(std::move(target)),
      measured_target_(operator_.apply(target_))
{
    if (noise.defined())
    {
        measured_target_ = measured_target_ + noise;
    }
}

Evaluation Objective::evaluate(model::Evaluator& generator, at::Tensor const& latents) const
{
    auto const [residual, pulled] = operator_.misfit(generator.forward(latents), measured_target_);
    return {row_square_sum(residual) * 0.5, generator.backward(pulled)};
}

at::Tensor Objective::residual(model::Evaluator& generator, at::Tensor const& latents) const
{
    return operator_.apply(generator.forward(latents)) - measured_target_;
}

LinearisedResidual Objective::linearise(model::Evaluator& generator, at::Tensor const& latents,
                                        at::Tensor const& rows) const
{
    auto const [images, jacobians] = generator.linearise(latents, rows);
    return {operator_.apply(images) - measured_target_, operator_.select(rows).apply(jacobians)};
}

at::Tensor Objective::jacobian_of(model::Evaluator& generator, at::Tensor const& rows) const
{
    return operator_.select(rows).apply(generator.jacobian_of(rows));
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
    return {operator_.matrix(row), measured_target_[row]};
}

Objective Objective::select(at::Tensor const& rows) const
{
    Objective selected(*this);
    selected.operator_ = operator_.select(rows);
    selected.target_ = target_.index_select(0, rows);
    selected.measured_target_ = measured_target_.index_select(0, rows);
    return selected;
}

}  // namespace surf::trial
