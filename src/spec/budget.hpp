#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "spec/method.hpp"
#include "spec/search.hpp"

/// What trials may spend, and from which other trials that follows.
namespace surf
{

/// What a block may spend on each of its trials; 0 where its method has no such limit.
struct Budget
{
    std::int64_t steps = 0;        ///< Σ n_t: Adam steps on snapshots 0 … T − 1
    std::int64_t evaluations = 0;  ///< network evaluations of all starts together

    friend bool operator==(Budget const&, Budget const&) = default;
};

/// A statistic of one method's trials that is another one's budget on the same problem.
enum class BudgetRule : std::int8_t
{
    first_hits,   ///< 75th percentile of the steps to the first hit, of successful trials
    steps,        ///< 75th percentile of the steps to the end, of finite trials
    evaluations,  ///< mean network evaluations
};

struct BudgetNeed
{
    Method source;
    BudgetRule rule;

    friend bool operator==(BudgetNeed const&, BudgetNeed const&) = default;
};

/// What the starts of a trial may spend together, of methods that start again.
struct RestartSettings
{
    /// As many network evaluations as a mean trial of this method took; empty, without a number of
    /// evaluations either: of surfing_family().
    std::optional<Method> as_much_as = {};
    std::int64_t evaluations = 0;  ///< so many network evaluations; 0: as a method's

    friend bool operator==(RestartSettings const&, RestartSettings const&) = default;
};

/// Surfing by the same kind of steps: surfing, or surfing_lm for Levenberg–Marquardt.
Method surfing_family(Method method);

/// The method whose mean trial says what the starts of a trial of `method` may spend; empty where a
/// number does, or for a method that does not start again.
std::optional<Method> granted_as(Method method, RestartSettings const& restarts);

/// Where a method's budget comes from.
std::vector<BudgetNeed> budget_needs(Method method, SurfingSettings const& surfing,
                                     RestartSettings const& restarts);

}  // namespace surf
