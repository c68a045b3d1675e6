#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "spec/cost.hpp"

namespace surf
{

/// How x is searched for. The values are stored in files: never renumber.
enum class Method : std::int8_t
{
    adam = 0,        ///< Adam on the final network
    surfing = 1,     ///< Adam along the checkpoint chain, then on the final network
    restarts = 2,    ///< Adam on the final network from several starts, as many steps as surfing
    projected = 3,   ///< projected gradient on the linear pieces along the chain (Algorithm 2)
    lm = 4,          ///< Levenberg–Marquardt on the final network
    surfing_lm = 5,  ///< Levenberg–Marquardt along the chain, then on the final network
};

/// Settings that a method may heed: those that it does are part of its cells' ids, and their keys
/// mean something in a job that uses it.
enum class SettingGroup : std::int8_t
{
    adam,       ///< AdamSettings
    goal,       ///< of StopRule what all methods heed: relative_change, relative_target,
                ///< success_distance
    adam_stop,  ///< the rest of StopRule
    precision,
    surfing,     ///< SurfingSettings
    polish,      ///< PolishSettings, and LmSettings if it polishes
    projected,   ///< ProjectedSettings
    lm,          ///< LmSettings
    surfing_lm,  ///< SurfingLmSettings
};

/// What a method's budget is, given the outcomes of another one on the same problem.
enum class BudgetRule : std::int8_t
{
    percentile,  ///< the 75th percentile of its steps to the first hit (reduce::surfing_budget)
    mean_steps,  ///< the mean of its steps (reduce::restarts_budget)
};

struct BudgetSource
{
    Method method;
    BudgetRule rule;
    std::string_view why;  ///< what to tell who leaves that method out
};

/// All that is special about a method but its search, which is src/trial/methods/<name>.cpp.
struct MethodEntry
{
    Method kind;
    std::string_view name;
    std::string_view description;
    bool along_chain;                    ///< visits snapshots before the final network
    std::optional<BudgetSource> budget;  ///< empty: it needs none
    std::span<SettingGroup const> settings;
    /// Network evaluations of one trial on a chain of snapshots 0 … intervals.
    double (*cost)(CellSpec const& cell, std::int64_t intervals);
};

namespace method_settings
{
using enum SettingGroup;
inline constexpr std::array adam_alone = {adam, goal, adam_stop, precision, polish};
/// Of restarts too: they may take as many steps as this surfing took.
inline constexpr std::array adam_surfing = {adam, goal, adam_stop, precision, polish, surfing};
inline constexpr std::array pieces = {adam, goal, adam_stop, projected};
inline constexpr std::array lm_alone = {goal, lm};
inline constexpr std::array lm_surfing = {goal, lm, surfing_lm};
}  // namespace method_settings

inline constexpr std::array method_table = {
    MethodEntry{Method::adam, "adam", "Adam on the final network", false, std::nullopt,
                method_settings::adam_alone, adam_cost},
    MethodEntry{
        Method::surfing, "surfing", "Adam along the chain, then on the final network", true,
        BudgetSource{Method::adam, BudgetRule::percentile, "its budget comes from the adam cell"},
        method_settings::adam_surfing, surfing_cost},
    MethodEntry{Method::restarts, "restarts",
                "Adam from new starts until surfing's mean steps are used up; the best f counts",
                false,
                BudgetSource{Method::surfing, BudgetRule::mean_steps,
                             "it may take as many steps as surfing took"},
                method_settings::adam_surfing, surfing_cost},
    MethodEntry{Method::projected, "projected",
                "projected gradient on the linear pieces along the chain", true, std::nullopt,
                method_settings::pieces, projected_cost},
    MethodEntry{Method::lm, "lm", "Levenberg-Marquardt on the final network", false, std::nullopt,
                method_settings::lm_alone, lm_cost},
    MethodEntry{Method::surfing_lm, "surfing-lm",
                "Levenberg-Marquardt along the chain, then on the final network", true,
                std::nullopt, method_settings::lm_surfing, surfing_lm_cost},
};

/// The table's row for a method.
constexpr MethodEntry const& entry_of(Method method)
{
    return method_table[static_cast<std::size_t>(method)];
}

static_assert(std::ranges::all_of(method_table, [](MethodEntry const& entry) {
    return entry_of(entry.kind).kind == entry.kind;
}));

/// How the methods whose budget comes from `source` get theirs: all in the same way, since a cell
/// is reduced once for all that wait for it.
constexpr BudgetRule budget_rule_from(Method source)
{
    for (MethodEntry const& entry : method_table)
    {
        if (entry.budget && entry.budget->method == source)
        {
            return entry.budget->rule;
        }
    }
    return BudgetRule::percentile;
}

static_assert(std::ranges::all_of(method_table, [](MethodEntry const& entry) {
    return !entry.budget || (entry.budget->method < entry.kind &&
                             budget_rule_from(entry.budget->method) == entry.budget->rule);
}));

constexpr bool heeds(Method method, SettingGroup group)
{
    return std::ranges::find(entry_of(method).settings, group) != entry_of(method).settings.end();
}

}  // namespace surf
