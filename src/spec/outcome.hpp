#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace surf
{

/// Why a trial ended. The values are stored in files: never renumber.
enum class StopReason : std::int8_t
{
    converged = 0,
    iteration_cap = 1,
    non_finite = 2,
};

struct StopReasonEntry
{
    StopReason kind;
    std::string_view name;
};

inline constexpr std::array stop_reason_table = {
    StopReasonEntry{StopReason::converged, "converged"},
    StopReasonEntry{StopReason::iteration_cap, "iteration_cap"},
    StopReasonEntry{StopReason::non_finite, "non_finite"},
};

/// What one trial gave. x̂ is the latent at which it ended; with restarts, at which the start with
/// the smallest final f ended, which the stop reason belongs to as well.
struct TrialOutcome
{
    static constexpr std::int64_t never = -1;

    std::int64_t trial = 0;
    StopReason stop_reason = StopReason::converged;
    bool success = false;  ///< ‖x̂ − x*‖ below the success distance
    /// Steps in all, over all networks, starts and linear pieces: of Adam, of projected gradient,
    /// of Levenberg–Marquardt.
    std::int64_t iterations = 0;
    std::int64_t polish_iterations = 0;  ///< those of them that a polish took at the end
    /// Forward and backward passes of the search, for one image; a pass of k tangents counts k; of
    /// projected at most so many, without its small dense algebra.
    std::int64_t network_evaluations = 0;
    std::int64_t first_hit = never;  ///< steps when ‖x − x*‖ first was below the success distance
                                     ///< on the final network; never = −1
    std::int64_t hit_evaluations = never;  ///< network evaluations then
    /// Network evaluations when the search ended with f at its goal, StopRule::relative_target ·
    /// ‖b‖², on the final network; never = −1. A search ends there as soon as it sees it.
    std::int64_t goal_evaluations = never;
    std::int64_t pieces = 0;            ///< linear pieces searched; of Method::projected only
    std::int64_t capped_snapshots = 0;  ///< snapshots at which max_pieces left units out
    std::int64_t units_cut = 0;         ///< near-zero units left out so, over all snapshots
    double objective = 0;               ///< f(x̂) = ½‖AG_T(x̂) − b‖²
    double distance = 0;                ///< ‖x̂ − x*‖; NaN for a task without x*
    double pixel_error = 0;             ///< √(‖G_T(x̂) − y‖² / n)
    double best_objective = 0;          ///< smallest f seen on the final network
    std::vector<float> latent;          ///< x̂, [k]
    std::vector<float> best_latent;     ///< where the smallest f was seen, [k]

    friend bool operator==(TrialOutcome const&, TrialOutcome const&) = default;
};

}  // namespace surf
