#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/id.hpp"
#include "spec/model.hpp"
#include "spec/second_order.hpp"

/// What a trial is asked to do: plain data without LibTorch, so that the store, the reducer and
/// the command line can use it.
namespace surf
{

/// What is recovered from what. The values are stored in files: never renumber.
enum class Task : std::int8_t
{
    inversion = 0,      ///< y = G_T(x*), A = I
    recovery = 1,       ///< y = G_T(x*), seen through a measurement operator
    approximation = 2,  ///< y a held-out test image, seen through a measurement operator or A = I
};

struct TaskEntry
{
    Task kind;
    std::string_view name;
    std::string_view description;
    bool measured;    ///< sees y through an operator; otherwise A = I
    bool has_latent;  ///< there is an x* to be found, and so a distance and a success
};

inline constexpr std::array task_table = {
    TaskEntry{Task::inversion, "inversion", "find x* from y = G(x*) itself (A = I)", false, true},
    TaskEntry{Task::recovery, "recovery", "find x* from m measurements of G(x*)", true, true},
    TaskEntry{Task::approximation, "approximation",
              "approximate a held-out test image from m measurements of it", true, false},
};

/// A: what is seen of an image. The values are stored in files: never renumber.
enum class Operator : std::int8_t
{
    identity = 0,       ///< A = I, m = n
    gaussian = 1,       ///< m × n, entries N(0, 1/m)
    mask = 2,           ///< m pixels, drawn without replacement (inpainting)
    block_average = 3,  ///< means of b × b blocks, m = n / b² (super-resolution)
};

struct OperatorEntry
{
    Operator kind;
    std::string_view name;
    std::string_view description;
    bool drawn;  ///< random, and so drawn as Draw says
};

inline constexpr std::array operator_table = {
    OperatorEntry{Operator::identity, "identity", "every pixel (A = I)", false},
    OperatorEntry{Operator::gaussian, "gaussian", "m Gaussian measurements, entries N(0, 1/m)",
                  true},
    OperatorEntry{Operator::mask, "mask", "m random pixels (inpainting)", true},
    OperatorEntry{Operator::block_average, "block_average",
                  "means of square blocks (super-resolution): m = 196, 49, 16, 4 or 1", false},
};

/// Whether an operator can give m numbers of an image: identity n = 784, gaussian and mask 1 to n,
/// block_average n / b² for a block side b > 1 that divides 28.
bool valid_measurements(Operator measurement, std::int64_t m);

/// Whether an operator is random, and so drawn as Draw says.
bool is_drawn(Operator measurement);

/// How often a random A is drawn. The values are stored in files: never renumber.
enum class Draw : std::int8_t
{
    trial = 0,   ///< anew for each trial
    shared = 1,  ///< once for all trials of a problem: the one that Draw::trial gives trial 0
};

struct DrawEntry
{
    Draw kind;
    std::string_view name;
};

inline constexpr std::array draw_table = {
    DrawEntry{Draw::trial, "trial"},
    DrawEntry{Draw::shared, "shared"},
};

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

/// Whether a method's steps are Levenberg–Marquardt's from the start.
constexpr bool is_second_order(Method method)
{
    return method == Method::lm || method == Method::surfing_lm;
}

/// Whether a method's gradients may be computed with bfloat16 matrices: those of the others are
/// float32's whatever the precision.
constexpr bool heeds_precision(Method method)
{
    return !is_second_order(method) && method != Method::projected;
}

/// The method whose outcomes on the same problem say how many steps this one may take.
constexpr std::optional<Method> budget_source(Method method)
{
    switch (method)
    {
        case Method::surfing:
            return Method::adam;
        case Method::restarts:
            return Method::surfing;
        case Method::adam:
        case Method::projected:
        case Method::lm:
        case Method::surfing_lm:
            break;
    }
    return std::nullopt;
}

/// The table's row for a task.
constexpr TaskEntry const& entry_of(Task task)
{
    for (TaskEntry const& entry : task_table)
    {
        if (entry.kind == task)
        {
            return entry;
        }
    }
    return task_table.front();
}

/// Whether a task sees its target through a measurement operator.
constexpr bool measures(Task task)
{
    return entry_of(task).measured;
}

/// Whether a task has an x* that a trial can find.
constexpr bool has_latent(Task task)
{
    return entry_of(task).has_latent;
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
    MethodEntry{Method::restarts, "restarts",
                "Adam from new starts until surfing's mean steps are used up; the best f counts"},
    MethodEntry{Method::projected, "projected",
                "projected gradient on the linear pieces along the chain"},
    MethodEntry{Method::lm, "lm", "Levenberg-Marquardt on the final network"},
    MethodEntry{Method::surfing_lm, "surfing-lm",
                "Levenberg-Marquardt along the chain, then on the final network"},
};

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
    AdamState adam_state = AdamState::keep;
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

/// What is to be solved, whatever the method. All methods of the same problem share x* or image,
/// x_init, A and noise trial by trial, because the random streams are keyed by stream_domain().
/// That leaves draw and noise out: problems that differ in them alone share all the rest too, and
/// the noise's direction.
struct Problem
{
    std::uint64_t seed = 0;
    ModelKind model = ModelKind::vae;
    std::int64_t latent_dim = 0;  ///< k
    Task task = Task::inversion;
    std::int64_t measurements = 0;  ///< m; n where A = I
    Operator measurement = Operator::identity;
    Draw draw = Draw::trial;
    double noise = 0;  ///< σ of the noise N(0, σ²) on each measurement

    /// m, whatever `measurements` says where A = I.
    std::int64_t measurement_count() const;
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
    SurfingSettings surfing;      ///< used by Method::surfing, and so by its restarts
    ProjectedSettings projected;  ///< used by Method::projected only
    LmSettings lm;
    PolishSettings polish;
    SurfingLmSettings surfing_lm;  ///< used by Method::surfing_lm only
    Precision precision = Precision::float32;

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
    /// What the method takes from another cell: for surfing Σ n_t, the Adam steps on snapshots
    /// 0 … T − 1; for restarts the Adam steps of all starts together; 0 for the others.
    std::int64_t budget = 0;

    /// The block's cut and budget are part of the id, since both affect the outcomes' bits.
    BlockId id() const;
};

}  // namespace surf
