#include "spec/cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/name_table.hpp"

namespace surf
{

namespace
{

/// Raise it when a change of the algorithm changes outcomes: then nothing stored is taken for new.
constexpr std::int64_t algorithm = 7;

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
    if (has_ratio(surfing.schedule))
    {
        text.add("ratio", surfing.ratio);
    }
    text.add("adam_state", name_of(adam_state_table, surfing.adam_state));
    return text;
}

CanonicalText canonical_of(ProjectedSettings const& projected)
{
    CanonicalText text;
    text.add("slack", projected.slack);
    text.add("max_pieces", projected.max_pieces);
    text.add("rounds", projected.rounds);
    text.add("step_tolerance", projected.step_tolerance);
    text.add("max_steps", projected.max_steps);
    text.add("starts", projected.starts);
    text.add("first_snapshot", projected.first_snapshot);
    return text;
}

/// Of a second-order method, which has a window and a cap of its own.
CanonicalText canonical_of(StopRule const& stop, LmSettings const& lm)
{
    CanonicalText text;
    text.add("relative_change", stop.relative_change);
    text.add("window", lm.window);
    text.add("relative_target", stop.relative_target);
    text.add("max_steps", lm.max_steps);
    text.add("success_distance", stop.success_distance);
    return text;
}

CanonicalText canonical_of(LmSettings const& lm)
{
    CanonicalText text;
    text.add("jacobian", name_of(jacobian_update_table, lm.jacobian));
    if (lm.jacobian == JacobianUpdate::secant)
    {
        text.add("refresh_below", lm.refresh_below);
    }
    text.add("damping", lm.damping);
    text.add("decrease", lm.decrease);
    text.add("increase", lm.increase);
    text.add("max_step", lm.max_step);
    text.add("max_damping", lm.max_damping);
    return text;
}

CanonicalText canonical_of(PolishSettings const& polish, LmSettings const& lm)
{
    CanonicalText text;
    text.add("by", name_of(polish_table, polish.by));
    text.add("relative_change", polish.relative_change);
    text.add("lm", canonical_of(lm));
    text.add("window", lm.window);
    text.add("max_steps", lm.max_steps);
    return text;
}

CanonicalText canonical_of(SurfingLmSettings const& surfing)
{
    CanonicalText text;
    text.add("schedule", name_of(lm_schedule_table, surfing.schedule));
    text.add("every", surfing.every);
    text.add("steps", surfing.steps);
    if (surfing.schedule == LmSchedule::adaptive)
    {
        text.add("attempts", surfing.attempts);
    }
    return text;
}

/// What a method takes from the settings, beyond its problem.
void add_settings(CanonicalText& text, CellSpec const& cell)
{
    if (is_second_order(cell.method))
    {
        text.add("lm", canonical_of(cell.lm));
        text.add("stop", canonical_of(cell.stop, cell.lm));
        if (cell.method == Method::surfing_lm)
        {
            text.add("surfing_lm", canonical_of(cell.surfing_lm));
        }
        return;
    }
    if (heeds_precision(cell.method))
    {
        text.add("precision", name_of(precision_table, cell.precision));
    }
    text.add("adam", canonical_of(cell.adam));
    text.add("stop", canonical_of(cell.stop));
    if (cell.method == Method::projected)
    {
        text.add("projected", canonical_of(cell.projected));
        return;
    }
    if (cell.method != Method::adam)  // restarts may take as many steps as this surfing took
    {
        text.add("surfing", canonical_of(cell.surfing));
    }
    if (cell.polish.by != Polish::none)  // for the same reason
    {
        text.add("polish", canonical_of(cell.polish, cell.lm));
    }
}

}  // namespace

bool is_drawn(Operator measurement)
{
    return std::ranges::any_of(operator_table, [&](OperatorEntry const& entry) {
        return entry.kind == measurement && entry.drawn;
    });
}

bool valid_measurements(Operator measurement, std::int64_t m)
{
    switch (measurement)
    {
        case Operator::identity:
            return m == image_size;
        case Operator::gaussian:
        case Operator::mask:
            return m >= 1 && m <= image_size;
        case Operator::block_average:
            break;
    }
    for (std::int64_t side = 2; side <= image_side; ++side)
    {
        if (image_side % side == 0 && m * side * side == image_size)
        {
            return true;
        }
    }
    return false;
}

std::int64_t Problem::measurement_count() const
{
    return measurement == Operator::identity ? image_size : measurements;
}

std::string Problem::stream_domain() const
{
    return fmt::format("{}/{}/{}/{}/{}", name_of(model_table, model), latent_dim,
                       name_of(task_table, task), name_of(operator_table, measurement),
                       measurement_count());
}

CanonicalText CellSpec::canonical() const
{
    CanonicalText text;
    text.add("algorithm", algorithm);
    text.add("chain", chain.hex());
    text.add("seed", problem.seed);
    text.add("model", name_of(model_table, problem.model));
    text.add("latent_dim", problem.latent_dim);
    text.add("task", name_of(task_table, problem.task));
    text.add("operator", name_of(operator_table, problem.measurement));
    text.add("measurements", problem.measurement_count());
    if (is_drawn(problem.measurement))
    {
        text.add("draw", name_of(draw_table, problem.draw));
    }
    text.add("noise", problem.noise);
    text.add("method", name_of(method_table, method));
    add_settings(text, *this);
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

}  // namespace surf
