#include "bench/trial_load.hpp"

#include <algorithm>

#include "model/frozen_layer.hpp"
#include "trial/descent.hpp"

namespace surf::bench
{

CellSpec cell_of(TrialSetting const& setting)
{
    CellSpec cell;
    cell.generator = setting.generator(setting.latent_dim);
    cell.problem.task = setting.task;
    if (measures(setting.task))
    {
        cell.problem.measured_by = Operator::gaussian;
        cell.problem.measurements = 100;
    }
    return cell;
}

StopRule endless_rule(std::int64_t iterations)
{
    StopRule rule;
    rule.relative_change = 0;
    rule.relative_target = 0;
    rule.max_iterations = iterations;
    return rule;
}

TrialLoad::TrialLoad(TrialSetting const& setting, trial::EvaluatorFactory const& evaluators,
                     at::Device device)
    : setting_(setting),
      device_(device),
      inputs_(trial::draw_inputs(cell_of(setting), 0, setting.batch))
{
    GeneratorSpec const generator = setting.generator(setting.latent_dim);
    generator_ = evaluators(generator, random_parameters(generator), setting.types);
    initial_latents_ = inputs_.initial_latent.to(device);
    target_latents_ = inputs_.target_latent.to(device);
    objective_.emplace(generator_->forward(target_latents_).clone(),
                       inputs_.measured_by.to(device, at::kFloat));
}

void TrialLoad::run(std::int64_t iterations)
{
    at::Tensor const latents = initial_latents_.clone();
    trial::Adam adam(AdamSettings{}, latents);
    trial::Checkpoint never;
    trial::descend(*generator_, *objective_,
                   {.latents = latents, .target_latents = target_latents_, .adam = std::move(adam)},
                   endless_rule(iterations), never);
}

Spread TrialLoad::rate(double min_time)
{
    constexpr std::int64_t few = 1;
    constexpr std::int64_t least = 4;
    auto const time = [&](std::int64_t iterations) {
        return seconds_of([&] { run(iterations); }, device_);
    };
    run(model::uses_before_packing + few);
    // The smallest, so that a disturbance of the short runs cannot flatter the rate.
    double const fixed = std::min({time(few), time(few), time(few)});
    double const estimate = (time(few + least) - fixed) / static_cast<double>(least);
    std::int64_t const more = std::max(units_a_repetition(estimate, min_time), least);
    Spread const seconds =
        repeat([&] { return (time(few + more) - fixed) / static_cast<double>(more); }, min_time);
    return seconds.under(static_cast<double>(setting_.batch));
}

}  // namespace surf::bench
