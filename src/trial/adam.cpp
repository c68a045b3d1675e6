#include "trial/adam.hpp"

#include <cmath>

namespace surf::trial
{

Adam::Adam(AdamSettings settings, at::Tensor const& latents)
    : settings_(settings),
      first_moment_(at::zeros_like(latents)),
      second_moment_(at::zeros_like(latents))
{}

void Adam::step(at::Tensor& latents, at::Tensor const& gradient)
{
    ++steps_;
    auto const step = static_cast<double>(steps_);
    double const first_correction = 1 - std::pow(settings_.beta1, step);
    double const second_correction = 1 - std::pow(settings_.beta2, step);
    first_moment_.mul_(settings_.beta1).add_(gradient, 1 - settings_.beta1);
    second_moment_.mul_(settings_.beta2).addcmul_(gradient, gradient, 1 - settings_.beta2);
    at::Tensor const scale = (second_moment_ / second_correction).sqrt_().add_(settings_.epsilon);
    latents.addcdiv_(first_moment_, scale, -settings_.learning_rate / first_correction);
}

void Adam::reset()
{
    steps_ = 0;
    first_moment_.zero_();
    second_moment_.zero_();
}

void Adam::select(at::Tensor const& rows)
{
    first_moment_ = first_moment_.index_select(0, rows);
    second_moment_ = second_moment_.index_select(0, rows);
}

}  // namespace surf::trial
