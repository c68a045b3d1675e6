#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "spec/generator.hpp"

/// What a trial is asked to solve.
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
    mask = 2,           ///< m numbers of the image, drawn without replacement (inpainting)
    block_average = 3,  ///< means of b × b blocks of each channel, m = n / b² (super-resolution)
};

/// All that is special about an operator but its product (trial/measurement_operator.hpp).
struct OperatorEntry
{
    Operator kind;
    std::string_view name;
    std::string_view description;
    bool drawn;  ///< random, and so drawn as Draw says
    /// Whether it can give m numbers of such an image.
    bool (*gives)(Shape const& image, std::int64_t m);
};

constexpr bool gives_at_most_all(Shape const& image, std::int64_t m)
{
    return m >= 1 && m <= image.size();
}

/// The side b > 1 of the square blocks whose means are m numbers of an image; 0 if there is none.
constexpr std::int64_t block_side(Shape const& image, std::int64_t m)
{
    for (std::int64_t side = 2; side <= image.height && side <= image.width; ++side)
    {
        if (image.height % side == 0 && image.width % side == 0 && m * side * side == image.size())
        {
            return side;
        }
    }
    return 0;
}

inline constexpr std::array operator_table = {
    OperatorEntry{Operator::identity, "identity", "every number of the image (A = I)", false,
                  [](Shape const& image, std::int64_t m) { return m == image.size(); }},
    OperatorEntry{Operator::gaussian, "gaussian", "m Gaussian measurements, entries N(0, 1/m)",
                  true, gives_at_most_all},
    OperatorEntry{Operator::mask, "mask", "m random numbers of the image (inpainting)", true,
                  gives_at_most_all},
    OperatorEntry{Operator::block_average, "block_average",
                  "means of square blocks (super-resolution): of 28 x 28 pixels m = 196, 49, 16, 4 "
                  "or 1",
                  false,
                  [](Shape const& image, std::int64_t m) { return block_side(image, m) > 0; }},
};

/// The table's row for an operator.
constexpr OperatorEntry const& entry_of(Operator measured_by)
{
    for (OperatorEntry const& entry : operator_table)
    {
        if (entry.kind == measured_by)
        {
            return entry;
        }
    }
    return operator_table.front();
}

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

/// What is to be solved on a generator, whatever the method.
struct Problem
{
    std::uint64_t seed = 0;
    Task task = Task::inversion;
    Operator measured_by = Operator::identity;
    std::int64_t measurements = 0;  ///< m; not heeded where A = I: CellSpec::measurements()
    Draw draw = Draw::trial;
    double noise = 0;         ///< σ of the noise N(0, σ²) on each measurement
    double target_scale = 1;  ///< x* is so many times as far from the prior's centre as one drawn
    std::string data_checksum = {};  ///< of the images of a task without x*; empty for the others
};

}  // namespace surf
