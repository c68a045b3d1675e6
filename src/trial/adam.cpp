#include "trial/adam.hpp"

namespace surf::trial
{

Adam::Adam(AdamSettings settings, at::Tensor const& latents)
    : settings_(settings),
      steps_(at::zeros({latents.size(0), 1}, latents.options().dtype(at::kDouble))),
      first_moment_(at::zeros_like(latents)),
      second_moment_(at::zeros_like(latents))
{}

void Adam::step(at::Tensor& latents, at::Tensor const& gradient)
{
    steps_.add_(1);
    first_moment_.mul_(settings_.beta1).add_(gradient, 1 - settings_.beta1);
    second_moment_.mul_(settings_.beta2).addcmul_(gradient, gradient, 1 - settings_.beta2);
    auto const correction = [&](double beta) {
        return at::rsub(at::pow(beta, steps_), 1).to(latents.scalar_type());
    };
    at::Tensor const scale =
        (second_moment_ / correction(settings_.beta2)).sqrt_().add_(settings_.epsilon);
    latents.addcdiv_(first_moment_ / correction(settings_.beta1), scale, -settings_.learning_rate);
}

void Adam::reset()
{
    steps_.zero_();
    first_moment_.zero_();
    second_moment_.zero_();
}

}  // namespace surf::trial
