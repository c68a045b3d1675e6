#include "trial/levenberg_marquardt.hpp"

#include <algorithm>
#include <vector>

#include "base/contract.hpp"

namespace surf::trial
{
namespace
{

/// Tangents that go through the network at a time: enough for fast products, and 20 MB of them.
constexpr std::int64_t tangents_at_a_time = 256;

/// Keeps λ a number that a step can come back from.
constexpr double least_damping = 1e-12;

/// λ diag JJᵀ damps a component that x does not act on at least so much, relative to the others.
constexpr double least_curvature = 1e-9;

/// Keeps the square of a step that rounding has made 0 from dividing 0.
constexpr double least_square = 1e-30;

at::Tensor rows_where(at::Tensor const& flags)
{
    return at::nonzero(flags).squeeze(1);
}

/// ½‖r‖², in float64: near the end f falls by less than float32 resolves.
at::Tensor half_square(at::Tensor const& residuals)
{
    at::Tensor const exactly = residuals.to(at::kDouble);
    return at::mul(exactly, exactly).sum(1) * 0.5;
}

}  // namespace

LmState LmState::select(at::Tensor const& rows) const
{
    auto const of = [&](at::Tensor const& part) { return part.index_select(0, rows); };
    return {of(latents), of(residuals), of(jacobians), of(exact),      of(due),
            of(values),  of(damping),   of(steps),     of(evaluations)};
}

void LmState::put(at::Tensor const& rows, LmState const& other)
{
    latents.index_copy_(0, rows, other.latents);
    residuals.index_copy_(0, rows, other.residuals);
    jacobians.index_copy_(0, rows, other.jacobians);
    exact.index_copy_(0, rows, other.exact);
    due.index_copy_(0, rows, other.due);
    values.index_copy_(0, rows, other.values);
    damping.index_copy_(0, rows, other.damping);
    steps.index_copy_(0, rows, other.steps);
    evaluations.index_copy_(0, rows, other.evaluations);
}

LevenbergMarquardt::LevenbergMarquardt(LmSettings settings, Objective objective,
                                       at::Tensor const& latents)
    : settings_(settings), objective_(std::move(objective))
{
    std::int64_t const trials = latents.size(0);
    std::int64_t const latent_dim = latents.size(1);
    std::int64_t const measurements = objective_.measurements();
    auto const options = latents.options();
    state_ = {.latents = latents.clone(),
              .residuals = at::zeros({trials, measurements}, options),
              .jacobians = at::zeros({trials, latent_dim, measurements}, options),
              .exact = at::zeros({trials}, options.dtype(at::kBool)),
              .due = at::ones({trials}, options.dtype(at::kBool)),
              .values = at::zeros({trials}, options.dtype(at::kDouble)),
              .damping = at::full({trials}, settings.damping, options.dtype(at::kDouble)),
              .steps = at::zeros({trials}, options.dtype(at::kLong)),
              .evaluations = at::zeros({trials}, options.dtype(at::kLong))};
}

void LevenbergMarquardt::look(model::Evaluator& generator)
{
    if (settings_.jacobian == JacobianUpdate::exact)
    {
        state_.due.fill_(true);
    }
    state_.exact.fill_(false);
    state_.damping.fill_(settings_.damping);
    linearise(generator, rows_where(state_.due));
    evaluate(generator, rows_where(state_.exact.logical_not()));
}

void LevenbergMarquardt::step(model::Evaluator& generator)
{
    linearise(generator, rows_where(state_.due));
    auto const [shift, predicted] = propose();
    at::Tensor const candidates = state_.latents + shift.to(state_.latents.scalar_type());
    at::Tensor const residuals = objective_.residual(generator, candidates);
    at::Tensor const values = half_square(residuals);
    at::Tensor const gain = state_.values - values;
    at::Tensor const taken = gain.gt(0);  // not if a value is not finite
    at::Tensor const misled =
        gain.lt(predicted * settings_.refresh_below).logical_or(taken.logical_not());

    at::Tensor const was_exact = state_.exact;
    if (settings_.jacobian == JacobianUpdate::secant)
    {
        learn(candidates - state_.latents, residuals, at::isfinite(gain));
        // A step that an exact Jacobian proposes in vain says that it was too long: damping helps,
        // not another Jacobian at the same point.
        state_.due = misled.logical_and(taken.logical_or(was_exact.logical_not()));
    }
    else
    {
        state_.due = taken;
    }
    at::Tensor const too_long = taken.logical_not().logical_and(was_exact);
    state_.damping = at::where(taken, state_.damping * settings_.decrease, state_.damping);
    state_.damping = at::where(too_long, state_.damping * settings_.increase, state_.damping)
                         .clamp_min_(least_damping);
    // What is left after a correction in vain still is right at x but for one direction.
    state_.exact = too_long;
    state_.latents = at::where(taken.unsqueeze(1), candidates, state_.latents);
    state_.residuals = at::where(taken.unsqueeze(1), residuals, state_.residuals);
    state_.values = at::where(taken, values, state_.values);
    state_.steps.add_(1);
    state_.evaluations.add_(1);
}

LmProposal LevenbergMarquardt::propose() const
{
    // In float64: the condition of JJᵀ is the square of J's.
    at::Tensor const jacobians = state_.jacobians.to(at::kDouble);
    at::Tensor const curvature = at::bmm(jacobians, jacobians.transpose(1, 2));
    at::Tensor const slope =
        at::bmm(jacobians, state_.residuals.to(at::kDouble).unsqueeze(2));  // ∇f
    at::Tensor scale = at::diagonal(curvature, 0, 1, 2);
    scale = at::maximum(scale, scale.amax(1, /*keepdim=*/true) * least_curvature);
    at::Tensor const damped = curvature + at::diag_embed(scale * state_.damping.unsqueeze(1));
    at::Tensor const factor = std::get<0>(at::linalg_cholesky_ex(damped));
    at::Tensor shift = at::neg(at::cholesky_solve(slope, factor));
    at::Tensor const length = at::linalg_vector_norm(shift, 2, at::IntArrayRef{1}, true);
    shift = shift * at::clamp_max(settings_.max_step / length, 1);
    at::Tensor const rise = at::bmm(shift.transpose(1, 2), slope + at::bmm(curvature, shift) * 0.5);
    return {shift.squeeze(2), at::neg(rise).flatten()};
}

void LevenbergMarquardt::learn(at::Tensor const& shift, at::Tensor const& residuals,
                               at::Tensor const& usable)
{
    at::Tensor const surprise =
        residuals - state_.residuals - at::bmm(shift.unsqueeze(1), state_.jacobians).squeeze(1);
    at::Tensor const square = at::mul(shift, shift).sum(1, /*keepdim=*/true);
    at::Tensor const share = shift / at::clamp_min(square, least_square);
    at::Tensor const correction = share.unsqueeze(2) * surprise.unsqueeze(1);
    state_.jacobians =
        at::where(usable.view({-1, 1, 1}), state_.jacobians + correction, state_.jacobians);
}

void LevenbergMarquardt::linearise(model::Evaluator& generator, at::Tensor const& rows)
{
    std::int64_t const latent_dim = state_.latents.size(1);
    std::int64_t const at_a_time = std::max<std::int64_t>(1, tangents_at_a_time / latent_dim);
    for (at::Tensor const& some :
         rows.numel() == 0 ? std::vector<at::Tensor>() : rows.split(at_a_time))
    {
        Objective const objective = objective_.select(some);
        at::Tensor const residuals =
            objective.residual(generator, state_.latents.index_select(0, some));
        state_.residuals.index_copy_(0, some, residuals);
        state_.values.index_copy_(0, some, half_square(residuals));
        state_.jacobians.index_copy_(0, some, objective.jacobian(generator));
    }
    state_.exact.index_fill_(0, rows, true);
    state_.due.index_fill_(0, rows, false);
    state_.evaluations.index_add_(0, rows, at::full_like(rows, 1 + latent_dim));
}

void LevenbergMarquardt::evaluate(model::Evaluator& generator, at::Tensor const& rows)
{
    if (rows.numel() == 0)
    {
        return;
    }
    bool const all = rows.size(0) == state_.latents.size(0);
    at::Tensor const residuals = (all ? objective_ : objective_.select(rows))
                                     .residual(generator, state_.latents.index_select(0, rows));
    state_.residuals.index_copy_(0, rows, residuals);
    state_.values.index_copy_(0, rows, half_square(residuals));
    state_.evaluations.index_add_(0, rows, at::ones_like(rows));
}

LevenbergMarquardt LevenbergMarquardt::select(at::Tensor const& rows) const
{
    LevenbergMarquardt selected(*this);
    selected.objective_ = objective_.select(rows);
    selected.state_ = state_.select(rows);
    return selected;
}

void LevenbergMarquardt::put(at::Tensor const& rows, LevenbergMarquardt const& other)
{
    state_.put(rows, other.state_);
}

void LevenbergMarquardt::count(at::Tensor const& steps, at::Tensor const& evaluations)
{
    state_.steps.add_(steps);
    state_.evaluations.add_(evaluations);
}

}  // namespace surf::trial
