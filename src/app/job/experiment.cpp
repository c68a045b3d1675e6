#include "app/job/experiment.hpp"

#include <algorithm>

namespace surf::app
{

std::vector<Model> TrainJob::trained_models() const
{
    std::vector<Model> trained;
    for (ChosenModel const& model : models)
    {
        if (model.trained)
        {
            trained.push_back(*model.trained);
        }
    }
    return trained;
}

Hyperparameters TrainJob::hyperparameters(Model const& model) const
{
    Hyperparameters values = preset_values(preset, model);
    auto const replace = [](auto& value, auto const& given) { value = given.value_or(value); };
    replace(values.batch, batch);
    replace(values.optimiser, optimiser);
    replace(values.generator_rate, generator_rate);
    replace(values.discriminator_rate, discriminator_rate);
    replace(values.beta1, beta1);
    replace(values.beta2, beta2);
    replace(values.decay, decay);
    replace(values.epsilon, epsilon);
    replace(values.critic_steps, critic_steps);
    replace(values.clip, clip);
    replace(values.gradient_penalty, gradient_penalty);
    replace(values.penalty_mixing, penalty_mixing);
    replace(values.penalty_norm, penalty_norm);
    replace(values.critic_norm, critic_norm);
    replace(values.encoder_spread, encoder_spread);
    replace(values.weight_deviation, weight_deviation);
    replace(values.hidden_layers, hidden_layers);
    replace(values.observation_deviation, observation_deviation);
    return values;
}

bool Experiment::uses(Method method) const
{
    return !trials.tasks.empty() &&
           std::ranges::find(trials.methods, method) != trials.methods.end();
}

bool Experiment::measures() const
{
    return std::ranges::any_of(trials.tasks, surf::measures);
}

bool Experiment::searches() const
{
    return std::ranges::any_of(trials.tasks, has_latent);
}

bool Experiment::needs_images() const
{
    return !train.trained_models().empty() || draws_surfaces() ||
           std::ranges::find(trials.tasks, Task::approximation) != trials.tasks.end();
}

}  // namespace surf::app
