#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// The settings of second-order methods: plain data without LibTorch.
namespace surf
{

/// What brings trials to their end once Adam has brought them near.
enum class Polish : std::int8_t
{
    none = 0,  ///< Adam itself
    lm = 1,    ///< Levenberg–Marquardt
};

struct PolishEntry
{
    Polish kind;
    std::string_view name;
};

inline constexpr std::array polish_table = {
    PolishEntry{Polish::none, "none"},
    PolishEntry{Polish::lm, "lm"},
};

/// How Method::adam and Method::surfing end on the final network.
struct PolishSettings
{
    Polish by = Polish::none;
    double relative_change = 0.5;  ///< Adam stops where StopRule stops it with this one
};

/// How Levenberg–Marquardt comes by the Jacobian of a step.
enum class JacobianUpdate : std::int8_t
{
    exact = 0,   ///< anew wherever x has moved
    secant = 1,  ///< corrected by each step (Broyden 1965), anew where that misled
};

struct JacobianUpdateEntry
{
    JacobianUpdate kind;
    std::string_view name;
};

inline constexpr std::array jacobian_update_table = {
    JacobianUpdateEntry{JacobianUpdate::exact, "exact"},
    JacobianUpdateEntry{JacobianUpdate::secant, "secant"},
};

/// Levenberg–Marquardt in x, and when it ends: after the first step on the final network at which
/// f ≤ StopRule::relative_target · ‖b‖², or f has fallen by less than StopRule::relative_change ·
/// f over the last `window` steps, taken or not, or the damping is above max_damping (no step
/// lowers f), or max_steps are tried, or f is not finite.
struct LmSettings
{
    JacobianUpdate jacobian = JacobianUpdate::secant;
    double refresh_below = 0.25;  ///< a Jacobian is computed anew if f falls by less than this
                                  ///< share of what it promised; of JacobianUpdate::secant
    double damping = 0.01;        ///< λ on each network's first step
    double decrease = 0.3;        ///< of λ when f falls
    double increase = 4;          ///< of λ when f does not fall
    double max_step = 1;          ///< ‖δ‖
    double max_damping = 1e8;
    std::int64_t window = 10;      ///< steps
    std::int64_t max_steps = 300;  ///< on the final network
};

/// How Method::surfing_lm chooses the snapshots that it visits before the final network.
enum class LmSchedule : std::int8_t
{
    fixed = 0,     ///< 0, every, 2 every, …
    adaptive = 1,  ///< none; where that leaves f above its goal, attempts that visit ever more
};

struct LmScheduleEntry
{
    LmSchedule kind;
    std::string_view name;
};

inline constexpr std::array lm_schedule_table = {
    LmScheduleEntry{LmSchedule::fixed, "fixed"},
    LmScheduleEntry{LmSchedule::adaptive, "adaptive"},
};

struct SurfingLmSettings
{
    LmSchedule schedule = LmSchedule::fixed;
    std::int64_t every = 5;  ///< stride from snapshot to snapshot; of the adaptive schedule's third
                             ///< attempt: each takes half the stride of the one before
    std::int64_t steps = 2;  ///< on each snapshot visited
    std::int64_t attempts = 4;  ///< budget of the adaptive schedule, the first without snapshots
};

}  // namespace surf
