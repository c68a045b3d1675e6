#include "spec/cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/contract.hpp"
#include "base/name_table.hpp"

namespace surf
{

namespace
{

/// Raise it when a change of the algorithm changes outcomes: then nothing stored is taken for new.
constexpr std::int64_t algorithm = 10;

CanonicalText canonical_of(AdamSettings const& adam)
{
    CanonicalText text;
    text.add("learning_rate", adam.learning_rate);
    text.add("beta1", adam.beta1);
    text.add("beta2", adam.beta2);
    text.add("epsilon", adam.epsilon);
    return text;
}

CanonicalText goal_of(StopRule const& stop)
{
    CanonicalText text;
    text.add("relative_change", stop.relative_change);
    text.add("relative_target", stop.relative_target);
    text.add("success_distance", stop.success_distance);
    return text;
}

CanonicalText adam_stop_of(StopRule const& stop)
{
    CanonicalText text;
    text.add("window", stop.window);
    text.add("max_iterations", stop.max_iterations);
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
    text.add("budget", name_of(surfing_budget_table, surfing.budget));
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
    text.add("window", lm.window);
    text.add("max_steps", lm.max_steps);
    return text;
}

CanonicalText canonical_of(PolishSettings const& polish, LmSettings const& lm)
{
    CanonicalText text;
    text.add("by", name_of(polish_table, polish.by));
    if (polish.by == Polish::lm)
    {
        text.add("relative_change", polish.relative_change);
        text.add("lm", canonical_of(lm));
    }
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

void add_method(CanonicalText& text, CellSpec const& cell);

CanonicalText restarts_of(CellSpec const& cell)
{
    CanonicalText text;
    if (auto const source = granted_as(cell.method, cell.restarts))
    {
        CellSpec other = cell;
        other.method = *source;
        CanonicalText search;
        add_method(search, other);
        text.add("as_much_as", search);
    }
    else
    {
        text.add("evaluations", cell.restarts.evaluations);
    }
    return text;
}

/// What of a cell's settings belongs to a group, and what it is called in canonical text.
std::pair<char const*, CanonicalText> settings_of(CellSpec const& cell, SettingGroup group)
{
    switch (group)
    {
        case SettingGroup::adam:
            return {"adam", canonical_of(cell.adam)};
        case SettingGroup::goal:
            return {"goal", goal_of(cell.stop)};
        case SettingGroup::adam_stop:
            return {"stop", adam_stop_of(cell.stop)};
        case SettingGroup::precision:
            return {"precision",
                    CanonicalText().add("type", name_of(precision_table, cell.precision))};
        case SettingGroup::surfing:
            return {"surfing", canonical_of(cell.surfing)};
        case SettingGroup::polish:
            return {"polish", canonical_of(cell.polish, cell.lm)};
        case SettingGroup::projected:
            return {"projected", canonical_of(cell.projected)};
        case SettingGroup::lm:
            return {"lm", canonical_of(cell.lm)};
        case SettingGroup::surfing_lm:
            return {"surfing_lm", canonical_of(cell.surfing_lm)};
        case SettingGroup::restarts:
            return {"restarts", restarts_of(cell)};
    }
    EXPECT(!"every group of settings has its case");
    return {};
}

/// A cell's method with the settings that it heeds.
void add_method(CanonicalText& text, CellSpec const& cell)
{
    text.add("method", name_of(method_table, cell.method));
    for (SettingGroup const group : entry_of(cell.method).settings)
    {
        auto const [name, settings] = settings_of(cell, group);
        text.add(name, settings);
    }
}

}  // namespace

std::int64_t CellSpec::measurements() const
{
    return problem.measured_by == Operator::identity ? generator.pixels() : problem.measurements;
}

RandomStream CellSpec::stream(Purpose purpose, std::int64_t trial) const
{
    std::string const domain =
        fmt::format("{}/{}/{}/{}", generator.latent_dim, name_of(task_table, problem.task),
                    name_of(operator_table, problem.measured_by), measurements());
    return {problem.seed, domain, purpose, static_cast<std::uint64_t>(trial)};
}

CanonicalText CellSpec::canonical() const
{
    CanonicalText text;
    text.add("algorithm", algorithm);
    text.add("chain", chain.hex());
    text.add("seed", problem.seed);
    text.add("task", name_of(task_table, problem.task));
    text.add("operator", name_of(operator_table, problem.measured_by));
    text.add("measurements", measurements());
    if (entry_of(problem.measured_by).drawn)
    {
        text.add("draw", name_of(draw_table, problem.draw));
    }
    text.add("noise", problem.noise);
    if (has_latent(problem.task))
    {
        text.add("target_scale", problem.target_scale);
    }
    else
    {
        text.add("data_checksum", problem.data_checksum);
    }
    add_method(text, *this);
    return text;
}

std::vector<BudgetNeed> CellSpec::budget_needs() const
{
    return surf::budget_needs(method, surfing, restarts);
}

BlockId BlockSpec::id() const
{
    return BlockId::of(CanonicalText()
                           .add("cell", cell.canonical())
                           .add("first", first)
                           .add("count", count)
                           .add("budget_steps", budget.steps)
                           .add("budget_evaluations", budget.evaluations));
}

BlockIds::BlockIds(CellSpec const& cell)
    : cell_(CanonicalText().add("cell", cell.canonical()).text())
{}

BlockId BlockIds::of(std::int64_t first, std::int64_t count, Budget const& budget) const
{
    return BlockId::from_hex(hash128_hex(
        fmt::format("budget_evaluations = {}\nbudget_steps = {}\n{}count = {}\nfirst = {}\n",
                    budget.evaluations, budget.steps, cell_, count, first)));
}

}  // namespace surf
