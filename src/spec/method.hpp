#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "spec/cost.hpp"

namespace surf
{

/// How x is searched for. The values are stored in files: never renumber.
enum class Method : std::int8_t
{
    adam = 0,         ///< Adam on the final network
    surfing = 1,      ///< Adam along the checkpoint chain, then on the final network
    restarts = 2,     ///< adam from new starts
    projected = 3,    ///< projected gradient on the linear pieces along the chain (Algorithm 2)
    lm = 4,           ///< Levenberg–Marquardt on the final network
    surfing_lm = 5,   ///< Levenberg–Marquardt along the chain, then on the final network
    restarts_lm = 6,  ///< lm from new starts
    restarts_surfing = 7,     ///< surfing from new starts
    restarts_surfing_lm = 8,  ///< surfing_lm from new starts
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
    restarts,    ///< RestartSettings
};

/// All that is special about a method but its search, which is src/trial/methods/<name>.cpp.
struct MethodEntry
{
    Method kind;
    std::string_view name;
    std::string_view description;
    bool along_chain;  ///< visits snapshots before the final network
    std::span<SettingGroup const> settings;
    /// Network evaluations of one trial on a chain of snapshots 0 … intervals.
    double (*cost)(CellSpec const& cell, std::int64_t intervals);
};

namespace method_settings
{
using enum SettingGroup;
inline constexpr std::array adam_alone = {adam, goal, adam_stop, precision, polish};
inline constexpr std::array adam_surfing = {adam, goal, adam_stop, precision, polish, surfing};
inline constexpr std::array adam_restarts = {adam, goal, adam_stop, precision, polish, restarts};
inline constexpr std::array adam_surfing_restarts = {adam,   goal,    adam_stop, precision,
                                                     polish, surfing, restarts};
inline constexpr std::array pieces = {adam, goal, adam_stop, projected};
inline constexpr std::array lm_alone = {goal, lm};
inline constexpr std::array lm_surfing = {goal, lm, surfing_lm};
inline constexpr std::array lm_restarts = {goal, lm, restarts};
inline constexpr std::array lm_surfing_restarts = {goal, lm, surfing_lm, restarts};
}  // namespace method_settings

inline constexpr std::array method_table = {
    MethodEntry{Method::adam, "adam", "Adam on the final network", false,
                method_settings::adam_alone, adam_cost},
    MethodEntry{Method::surfing, "surfing", "Adam along the chain, then on the final network", true,
                method_settings::adam_surfing, surfing_cost},
    MethodEntry{Method::restarts, "restarts",
                "adam from new starts until f is at its goal or restarts.budget is spent; the "
                "start with the best f counts",
                false, method_settings::adam_restarts, restarts_cost},
    MethodEntry{Method::projected, "projected",
                "projected gradient on the linear pieces along the chain", true,
                method_settings::pieces, projected_cost},
    MethodEntry{Method::lm, "lm", "Levenberg-Marquardt on the final network", false,
                method_settings::lm_alone, lm_cost},
    MethodEntry{Method::surfing_lm, "surfing-lm",
                "Levenberg-Marquardt along the chain, then on the final network", true,
                method_settings::lm_surfing, surfing_lm_cost},
    MethodEntry{Method::restarts_lm, "restarts-lm", "lm from new starts, as restarts", false,
                method_settings::lm_restarts, restarts_cost},
    MethodEntry{Method::restarts_surfing, "restarts-surfing",
                "surfing from new starts, as restarts", true,
                method_settings::adam_surfing_restarts, restarts_cost},
    MethodEntry{Method::restarts_surfing_lm, "restarts-surfing-lm",
                "surfing-lm from new starts, as restarts", true,
                method_settings::lm_surfing_restarts, restarts_cost},
};

/// The table's row for a method.
constexpr MethodEntry const& entry_of(Method method)
{
    return method_table[static_cast<std::size_t>(method)];
}

static_assert(std::ranges::all_of(method_table, [](MethodEntry const& entry) {
    return entry_of(entry.kind).kind == entry.kind;
}));

constexpr bool heeds(Method method, SettingGroup group)
{
    return std::ranges::find(entry_of(method).settings, group) != entry_of(method).settings.end();
}

}  // namespace surf
