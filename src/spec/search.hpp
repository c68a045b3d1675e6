#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// The settings of first-order searches, and when a trial ends.
namespace surf
{

/// Decreasing weights by which surfing's budget is spread over the snapshots 0 … T − 1.
enum class Schedule : std::int8_t
{
    linear = 0,     ///< T − t
    inverse = 1,    ///< 1 / (t + 1)
    geometric = 2,  ///< ratio^t
    uniform = 3,    ///< 1
    adaptive = 4,   ///< none; where that leaves f above its goal, ratio^t in a second search
};

struct ScheduleEntry
{
    Schedule kind;
    std::string_view name;
};

inline constexpr std::array schedule_table = {
    ScheduleEntry{Schedule::linear, "linear"},       ScheduleEntry{Schedule::inverse, "inverse"},
    ScheduleEntry{Schedule::geometric, "geometric"}, ScheduleEntry{Schedule::uniform, "uniform"},
    ScheduleEntry{Schedule::adaptive, "adaptive"},
};

constexpr bool has_ratio(Schedule schedule)
{
    return schedule == Schedule::geometric || schedule == Schedule::adaptive;
}

/// What surfing does with Adam's moments when it moves to the next snapshot.
enum class AdamState : std::int8_t
{
    keep = 0,
    reset = 1,
};

struct AdamStateEntry
{
    AdamState kind;
    std::string_view name;
};

inline constexpr std::array adam_state_table = {
    AdamStateEntry{AdamState::keep, "keep"},
    AdamStateEntry{AdamState::reset, "reset"},
};

/// Of which iterations of regular Adam on the same problem the 75th percentile is Σ n_t, the Adam
/// steps that surfing spends on snapshots 0 … T − 1. The paper can be read both ways.
enum class SurfingBudget : std::int8_t
{
    first_hits = 0,  ///< those to the first hit, of the trials that succeeded
    steps = 1,       ///< those to the end, of all finite trials
};

struct SurfingBudgetEntry
{
    SurfingBudget kind;
    std::string_view name;
};

inline constexpr std::array surfing_budget_table = {
    SurfingBudgetEntry{SurfingBudget::first_hits, "first_hits"},
    SurfingBudgetEntry{SurfingBudget::steps, "steps"},
};

/// In what precision gradients are computed. The values are stored in files: never renumber.
enum class Precision : std::int8_t
{
    float32 = 0,
    mixed = 1,  ///< bfloat16 on the way, near f = 0 for gradients alone, float32 to the end
};

struct PrecisionEntry
{
    Precision kind;
    std::string_view name;
};

inline constexpr std::array precision_table = {
    PrecisionEntry{Precision::float32, "float32"},
    PrecisionEntry{Precision::mixed, "mixed"},
};

/// Adam in x (Kingma & Ba 2015, algorithm 1).
struct AdamSettings
{
    double learning_rate = 0.01;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
};

/// When a trial ends: at the first iteration i on the final network at which f_i ≤ relative_target
/// · ‖b‖² (b = Ay + noise), or |f_{i−window} − f_i| < relative_change · f_{i−window}, or i =
/// max_iterations, or f or its gradient is not finite.
struct StopRule
{
    double relative_change = 1e-4;
    std::int64_t window = 200;  ///< iterations
    double relative_target = 1e-12;
    std::int64_t max_iterations = 50'000;
    double success_distance = 0.01;  ///< a trial succeeds if ‖x̂ − x*‖ is below this
};

struct SurfingSettings
{
    Schedule schedule = Schedule::geometric;
    double ratio = 0.95;  ///< of the geometric and the adaptive schedule, in (0, 1)
    AdamState adam_state = AdamState::reset;
    SurfingBudget budget = SurfingBudget::first_hits;
};

/// Projected-gradient surfing (Algorithm 2).
struct ProjectedSettings
{
    double slack = 1e-3;           ///< τ: units with |pre-activation| ≤ τ may change their sign
    std::int64_t max_pieces = 64;  ///< of a latent on a network; the units nearest to zero count
    std::int64_t rounds = 1;       ///< searches of the pieces around x on each network, at most
    double step_tolerance = 1e-6;  ///< a piece is done when a step is shorter (relative to ‖x‖ > 1)
    std::int64_t max_steps = 1'000;   ///< gradient steps on a piece, at most
    std::int64_t starts = 3;          ///< of Adam on the first network, x_init among them
    std::int64_t first_snapshot = 0;  ///< θ_0 of the algorithm: earlier snapshots are left out
};

}  // namespace surf
