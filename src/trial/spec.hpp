#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/id.hpp"
#include "model/model_table.hpp"

/// What a trial is asked to do: plain data without LibTorch, so that the store, the reducer and
/// the command line can use it.
namespace surf::trial
{

/// What is recovered from what. The values are stored in files: never renumber.
enum class Task : std::int8_t
{
    inversion = 0,  ///< y = G_T(x*), A = I
    recovery = 1,   ///< y = G_T(x*), A an m × n Gaussian matrix with entries N(0, 1/m) per trial
};

struct TaskEntry
{
    Task kind;
    std::string_view name;
    std::string_view description;
    bool measured;  ///< takes measurement counts; otherwise A = I and m = n
};

inline constexpr std::array task_table = {
    TaskEntry{Task::inversion, "inversion", "find x* from y = G(x*) itself (A = I)", false},
    TaskEntry{Task::recovery, "recovery", "find x* from m Gaussian measurements of G(x*)", true},
};

/// How x is searched for. The values are stored in files: never renumber.
enum class Method : std::int8_t
{
    adam = 0,     ///< Adam on the final network
    surfing = 1,  ///< Adam along the checkpoint chain, then on the final network
};

/// Whether a task takes measurement counts.
constexpr bool measures(Task task)
{
    for (TaskEntry const& entry : task_table)
    {
        if (entry.kind == task)
        {
            return entry.measured;
        }
    }
    return false;
}

struct MethodEntry
{
    Method kind;
    std::string_view name;
    std::string_view description;
};

inline constexpr std::array method_table = {
    MethodEntry{Method::adam, "adam", "Adam on the final network"},
    MethodEntry{Method::surfing, "surfing", "Adam along the chain, then on the final network"},
};

/// Decreasing weights by which surfing's budget is spread over the snapshots 0 … T − 1.
enum class Schedule : std::int8_t
{
    linear = 0,     ///< T − t
    inverse = 1,    ///< 1 / (t + 1)
    geometric = 2,  ///< ratio^t
    uniform = 3,    ///< 1
};

struct ScheduleEntry
{
    Schedule kind;
    std::string_view name;
};

inline constexpr std::array schedule_table = {
    ScheduleEntry{Schedule::linear, "linear"},
    ScheduleEntry{Schedule::inverse, "inverse"},
    ScheduleEntry{Schedule::geometric, "geometric"},
    ScheduleEntry{Schedule::uniform, "uniform"},
};

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

/// Adam in x (Kingma & Ba 2015, algorithm 1).
struct AdamSettings
{
    double learning_rate = 0.01;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
};

/// When a trial ends: at the first iteration i on the final network at which f_i ≤ relative_target
/// · ‖Ay‖², or |f_{i−window} − f_i| < relative_change · f_{i−window}, or i = max_iterations, or f
/// or its gradient is not finite.
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
    double ratio = 0.95;  ///< of the geometric schedule, in (0, 1)
    AdamState adam_state = AdamState::keep;
};

/// What is to be solved, whatever the method. All methods of the same problem share x*, x_init and
/// A trial by trial, because the random streams are keyed by stream_domain().
struct Problem
{
    std::uint64_t seed = 0;
    model::ModelKind model = model::ModelKind::vae;
    std::int64_t latent_dim = 0;  ///< k
    Task task = Task::inversion;
    std::int64_t measurements = 0;  ///< m; n for a task without measurements

    std::string stream_domain() const;
};

/// One cell of the sweep: a problem on a chain, solved by one method.
struct CellSpec
{
    ChainId chain;
    Problem problem;
    Method method = Method::adam;
    AdamSettings adam;
    StopRule stop;
    SurfingSettings surfing;  ///< used by Method::surfing only

    /// All that affects the cell's outcomes: settings of other methods are left out.
    CanonicalText canonical() const;
    CellId id() const { return CellId::of(canonical()); }
};

/// Trials first … first + count − 1 of a cell, computed together as one batch.
struct BlockSpec
{
    CellSpec cell;
    std::int64_t first = 0;
    std::int64_t count = 0;
    /// Σ n_t, the Adam steps that surfing spends on snapshots 0 … T − 1; 0 for other methods.
    std::int64_t budget = 0;

    /// The block's cut and budget are part of the id, since both affect the outcomes' bits.
    BlockId id() const;
};

}  // namespace surf::trial
