#include "app/machine_speed.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/job/estimate.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "model/device.hpp"
#include "model/network.hpp"
#include "train/quality.hpp"
#include "train/trainer.hpp"
#include "trial/descent.hpp"
#include "trial/evaluators.hpp"
#include "trial/inputs.hpp"

namespace surf::app
{
namespace
{

constexpr double least_seconds = 1.5;

template <class Work>
double seconds_of(Work const& work)
{
    auto const start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Of one piece of work among as many as take long enough to be timed.
template <class Work>
double seconds_each(Work const& work)
{
    double seconds = 0;
    std::int64_t pieces = 0;
    for (; seconds < least_seconds; ++pieces)
    {
        seconds += seconds_of([&] { work(pieces); });
    }
    return seconds / static_cast<double>(pieces);
}

/// What its pace depends on: all but seed, latent dimension and length.
std::string kind_of_training(TrainSpec spec)
{
    spec.seed = 0;
    spec.latent_dim = 1;
    spec.intervals = spec.steps_per_snapshot = 1;
    return spec.canonical().text();
}

/// Generators of about the same cost are taken to run at the same pace.
std::string kind_of_trials(PlannedCell const& cell)
{
    return fmt::format("{} in a block on networks of cost {:.1f}", cell.block_size,
                       relative_cost(cell.spec.generator));
}

/// Evaluations a second of Adam's iterations on a generator with random weights.
double evaluations_a_second(PlannedCell const& planned)
{
    at::Device const device(at::kCPU);
    CellSpec cell = planned.spec;
    cell.problem = {};  // inversion, the cheapest: the network is what costs
    std::int64_t const batch = std::min(planned.block_size, planned.trials);
    RandomStream stream(0, "plan", Purpose::weights, 0);
    auto const parameters = model::Network(*cell.generator.layers(), stream,
                                           model::Initialisation::normal(0.02), at::kCPU)
                                .parameters();
    auto const generator = trial::frozen_evaluators(device)(cell.generator, parameters, at::kFloat);
    auto const inputs = trial::draw_inputs(cell, 0, batch);
    at::Tensor const targets = inputs.target_latent.to(device);
    trial::Objective const objective(generator->forward(targets).clone(),
                                     inputs.measured_by.to(device, at::kFloat));
    StopRule rule;
    rule.relative_change = rule.relative_target = 0;
    rule.max_iterations = 50;
    auto const run = [&](std::int64_t) {
        at::Tensor const latents = inputs.initial_latent.to(device, /*non_blocking=*/false,
                                                            /*copy=*/true);
        trial::Checkpoint never;
        trial::descend(*generator, objective,
                       {.latents = latents,
                        .target_latents = targets,
                        .adam = trial::Adam(AdamSettings{}, latents)},
                       rule, never);
    };
    run(0);
    double const evaluations = 2 * static_cast<double>(batch * rule.max_iterations);
    return evaluations * relative_cost(cell.generator) / seconds_each(run);
}

}  // namespace

MachineSpeed MachineSpeed::measured(Job const& job, Plan const& plan)
{
    at::Device const device(at::kCPU);
    MachineSpeed speed;
    std::optional<data::DataSet> images;
    for (PlannedChain const& chain : plan.chains)
    {
        if (!chain.training || speed.trainings_.contains(kind_of_training(*chain.training)))
        {
            continue;
        }
        TrainSpec const& spec = *chain.training;
        spdlog::info("measuring the training of {}", spec.label());
        if (!images)
        {
            images = data::load_data_set(job.data);
        }
        model::set_compute_threads(spec.threads);
        auto const trainer = train::make_trainer(spec, images->training, device);
        trainer->step(0);
        double const step = seconds_each([&](std::int64_t i) { trainer->step(i + 1); });
        speed.trainings_[kind_of_training(spec)] = {spec.label(), step};
        if (speed.snapshot_ == 0)
        {
            train::SampleQuality const quality(spec, images->test, device);
            speed.snapshot_ = seconds_of([&] { quality.judge(trainer->generator()); });
        }
    }
    model::set_compute_threads(1);
    for (PlannedCell const& cell : plan.cells)
    {
        std::string const kind = kind_of_trials(cell);
        if (cell.spec.generator.layers() && !speed.trials_.contains(kind))
        {
            spdlog::info("measuring trials, {}", kind);
            speed.trials_[kind] = evaluations_a_second(cell);
        }
    }
    return speed;
}

double MachineSpeed::trial_seconds(PlannedCell const& cell, double cost) const
{
    auto const found = trials_.find(kind_of_trials(cell));
    return cost / (found == trials_.end() ? evaluations_per_second : found->second);
}

double MachineSpeed::training_seconds(TrainSpec const& training) const
{
    auto const found = trainings_.find(kind_of_training(training));
    if (found == trainings_.end())
    {
        return training_cost(training) / evaluations_per_second /
               static_cast<double>(training.threads);
    }
    return found->second.step * static_cast<double>(training.steps()) +
           snapshot_ * static_cast<double>(training.intervals + 1);
}

std::string MachineSpeed::text() const
{
    std::string text;
    for (auto const& [kind, pace] : trainings_)
    {
        text += fmt::format("measured here: training {}, {:.3f} s a step\n", pace.label, pace.step);
    }
    if (snapshot_ > 0)
    {
        text += fmt::format("measured here: judging a snapshot, {:.1f} s\n", snapshot_);
    }
    for (auto const& [kind, rate] : trials_)
    {
        text += fmt::format("measured here: trials, {}: {:.0f} evaluations a second on one core\n",
                            kind, rate);
    }
    return text.empty() ? ""
                        : fmt::format("{}taken for all else: {:.0f} evaluations a second\n", text,
                                      evaluations_per_second);
}

}  // namespace surf::app
