#include "trial/levenberg_marquardt.hpp"

#include <algorithm>

#include "base/contract.hpp"

namespace surf::trial
{
namespace
{

/// Tangents that go through the network at a time: enough for fast products, and on a CPU 20 MB of
/// them.
std::int64_t tangents_at_a_time(at::Device device)
{
    return device.is_cpu() ? 256 : 8192;
}

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
    state_.residuals = evaluate(generator, state_.latents);
    state_.values = half_square(state_.residuals);
}

void LevenbergMarquardt::advance(model::Evaluator& generator)
{
    at::Tensor const tries = state_.due.logical_not();
    LmProposal const proposal = propose();
    at::Tensor const candidates =
        at::where(tries.unsqueeze(1),
                  state_.latents + proposal.shift.to(state_.latents.scalar_type()), state_.latents);
    at::Tensor const residuals = evaluate(generator, candidates);
    judge(proposal, candidates, residuals, tries);
    state_.steps.add_(tries);
}

bool LevenbergMarquardt::advance_to(at::Tensor const& steps, model::Evaluator& generator)
{
    at::Tensor const rows = rows_where(state_.steps.lt(steps));
    if (rows.size(0) == state_.steps.size(0))
    {
        advance(generator);
    }
    else if (rows.size(0) > 0)
    {
        LevenbergMarquardt some = select(rows);
        some.advance(generator);
        put(rows, some);
    }
    return rows.size(0) > 0;
}

at::Tensor LevenbergMarquardt::evaluate(model::Evaluator& generator, at::Tensor const& points)
{
    state_.evaluations.add_(1);
    at::Tensor const due = rows_where(state_.due);
    if (due.size(0) == 0)
    {
        return objective_.residual(generator, points);
    }
    std::int64_t const latent_dim = points.size(1);
    auto const parts =
        due.split(std::max<std::int64_t>(1, tangents_at_a_time(points.device()) / latent_dim));
    auto const [residuals, jacobians] = objective_.linearise(generator, points, parts.front());
    state_.jacobians.index_copy_(0, parts.front(), jacobians);
    for (std::size_t i = 1; i < parts.size(); ++i)
    {
        state_.jacobians.index_copy_(0, parts[i], objective_.jacobian_of(generator, parts[i]));
    }
    state_.exact.index_fill_(0, due, true);
    state_.due.index_fill_(0, due, false);
    state_.evaluations.index_add_(0, due, at::full_like(due, latent_dim));
    return residuals;
}

void LevenbergMarquardt::judge(LmProposal const& proposal, at::Tensor const& candidates,
                               at::Tensor const& residuals, at::Tensor const& tried)
{
    at::Tensor const values = half_square(residuals);
    at::Tensor const gain = state_.values - values;
    at::Tensor const taken = gain.gt(0).logical_and_(tried);  // not if a value is not finite
    at::Tensor const refused = taken.logical_not().logical_and_(tried);
    // A step that an exact Jacobian proposes in vain says that it was too long: damping helps, not
    // another Jacobian at the same point.
    at::Tensor const too_long = refused.logical_and(state_.exact);
    if (settings_.jacobian == JacobianUpdate::secant)
    {
        learn(candidates - state_.latents, residuals, at::isfinite(gain).logical_and_(tried));
        at::Tensor const misled = gain.lt(proposal.predicted * settings_.refresh_below);
        state_.due =
            misled.logical_and_(taken).logical_or_(refused).logical_and_(too_long.logical_not());
    }
    else
    {
        state_.due = taken;
    }
    state_.damping = at::where(taken, state_.damping * settings_.decrease, state_.damping);
    state_.damping = at::where(too_long, state_.damping * settings_.increase, state_.damping)
                         .clamp_min_(least_damping);
    // What is left after a correction in vain still is right at x but for one direction.
    state_.exact = at::where(tried, too_long, state_.exact);
    state_.latents = at::where(taken.unsqueeze(1), candidates, state_.latents);
    state_.residuals = at::where(taken.unsqueeze(1), residuals, state_.residuals);
    state_.values = at::where(taken, values, state_.values);
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

LevenbergMarquardt LevenbergMarquardt::select(at::Tensor const& rows) const
{
    LevenbergMarquardt selected(*this);
    selected.objective_ = objective_.select(rows);
    selected.state_ = select_rows(state_, rows);
    return selected;
}

LevenbergMarquardt LevenbergMarquardt::copy() const
{
    LevenbergMarquardt copied(*this);
    restore_to(copied.tensors(), state_of(copied.tensors()));
    return copied;
}

void LevenbergMarquardt::put(at::Tensor const& rows, LevenbergMarquardt const& other)
{
    put_rows(state_, rows, other.state_);
}

void LevenbergMarquardt::count(at::Tensor const& steps, at::Tensor const& evaluations)
{
    state_.steps.add_(steps);
    state_.evaluations.add_(evaluations);
}

}  // namespace surf::trial
