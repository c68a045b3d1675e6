#include "trial/spec.hpp"

#include <fmt/format.h>

#include <string>

#include "base/name_table.hpp"

namespace surf::trial
{

namespace
{

/// Raise it when a change of the algorithm changes outcomes: then nothing stored is taken for new.
constexpr std::int64_t algorithm = 1;

std::int64_t measurements_of(Problem const& problem)
{
    return measures(problem.task) ? problem.measurements : model::image_size;
}

CanonicalText canonical_of(AdamSettings const& adam)
{
    CanonicalText text;
    text.add("learning_rate", adam.learning_rate);
    text.add("beta1", adam.beta1);
    text.add("beta2", adam.beta2);
    text.add("epsilon", adam.epsilon);
    return text;
}

CanonicalText canonical_of(StopRule const& stop)
{
    CanonicalText text;
    text.add("relative_change", stop.relative_change);
    text.add("window", stop.window);
    text.add("relative_target", stop.relative_target);
    text.add("max_iterations", stop.max_iterations);
    text.add("success_distance", stop.success_distance);
    return text;
}

CanonicalText canonical_of(SurfingSettings const& surfing)
{
    CanonicalText text;
    text.add("schedule", name_of(schedule_table, surfing.schedule));
    if (surfing.schedule == Schedule::geometric)
    {
        text.add("ratio", surfing.ratio);
    }
    text.add("adam_state", name_of(adam_state_table, surfing.adam_state));
    return text;
}

}  // namespace

std::string Problem::stream_domain() const
{
    return fmt::format("{}/{}/{}/{}", name_of(model::model_table, model), latent_dim,
                       name_of(task_table, task), measurements_of(*this));
}

CanonicalText CellSpec::canonical() const
{
    CanonicalText text;
    text.add("algorithm", algorithm);
    text.add("chain", chain.hex());
    text.add("seed", problem.seed);
    text.add("model", name_of(model::model_table, problem.model));
    text.add("latent_dim", problem.latent_dim);
    text.add("task", name_of(task_table, problem.task));
    text.add("measurements", measurements_of(problem));
    text.add("method", name_of(method_table, method));
    text.add("adam", canonical_of(adam));
    text.add("stop", canonical_of(stop));
    if (method == Method::surfing)
    {
        text.add("surfing", canonical_of(surfing));
    }
    return text;
}

BlockId BlockSpec::id() const
{
    CanonicalText text;
    text.add("cell", cell.canonical());
    text.add("first", first);
    text.add("count", count);
    text.add("budget", budget);
    return BlockId::of(text);
}

}  // namespace surf::trial
