#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "trial/attempts.hpp"
#include "trial/descent.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

constexpr std::int64_t latent_dim = 2;
/// Ends a start of the cubic generator within a few hundred steps.
constexpr StopRule small_rule = {.window = 60};
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// G(x) = x³ − 0.3 x in each component: where y < G(√0.1), f has a local minimum at √0.1.
class CubicGenerator final : public model::Evaluator
{
  public:
    at::Tensor forward(at::Tensor const& latents) override
    {
        slope_ = 3 * latents * latents - 0.3;
        return latents.pow(3) - 0.3 * latents;
    }
    at::Tensor backward(at::Tensor const& gradient) override { return gradient * slope_; }
    at::Tensor jacobian() override { return at::diag_embed(slope_); }

  private:
    at::Tensor slope_;
};

/// G(x) = x up to 0.4 and infinite above.
class CliffGenerator final : public model::Evaluator
{
  public:
    at::Tensor forward(at::Tensor const& latents) override
    {
        return at::where(latents.le(0.4), latents,
                         at::full_like(latents, std::numeric_limits<double>::infinity()));
    }
    at::Tensor backward(at::Tensor const& gradient) override { return gradient.clone(); }
    at::Tensor jacobian() override { return at::eye(latent_dim, at::kDouble).unsqueeze(0); }
};

using Point = std::array<double, latent_dim>;

/// Start `number` of a trial; 0 is the first.
Point start_of(std::int64_t trial, std::int64_t number)
{
    RandomStream stream(5, "test/restarts", Purpose::restart_latent,
                        static_cast<std::uint64_t>(1000 * trial + number));
    Point point;
    std::ranges::generate(point, [&] { return 2 * stream.uniform() - 1; });
    return point;
}

Point target_of(std::int64_t trial)
{
    RandomStream stream(6, "test/restarts", Purpose::target_latent,
                        static_cast<std::uint64_t>(trial));
    return {-0.7 - 0.3 * stream.uniform(), -0.7 - 0.3 * stream.uniform()};
}

at::Tensor stacked(std::vector<Point> const& points)
{
    at::Tensor tensor = at::empty({std::ssize(points), latent_dim}, at::kDouble);
    std::copy_n(points.front().data(), points.size() * latent_dim,
                tensor.mutable_data_ptr<double>());
    return tensor;
}

/// Adam from starts until f is at its goal or the network evaluations are spent.
std::vector<TrialOutcome> search_again(model::Evaluator& generator, Objective const& objective,
                                       at::Tensor const& targets, std::int64_t evaluations,
                                       StopRule const& rule,
                                       std::function<at::Tensor(Attempt const&)> const& starts)
{
    return attempt_in_turn(goals_of(objective, rule), {.evaluations = evaluations, .least = 2},
                           [&](Attempt const& attempt) {
                               at::Tensor const rows = at::tensor(attempt.rows, at::kLong);
                               at::Tensor const latents = starts(attempt);
                               return descend(generator, objective.select(rows),
                                              {.latents = latents.clone(),
                                               .target_latents = targets.index_select(0, rows),
                                               .adam = Adam({}, latents),
                                               .allowance = at::tensor(attempt.left, at::kLong)},
                                              rule, uninterrupted());
                           });
}

/// The same for trials first … first + count − 1 of the cubic generator.
std::vector<TrialOutcome> search(std::int64_t evaluations, StopRule const& rule,
                                 std::int64_t first = 0, std::int64_t count = 10)
{
    std::vector<Point> targets;
    for (std::int64_t trial = first; trial < first + count; ++trial)
    {
        targets.push_back(target_of(trial));
    }
    CubicGenerator generator;
    at::Tensor const target = stacked(targets);
    return search_again(generator,
                        Objective(generator.forward(target), MeasurementOperator::identity()),
                        target, evaluations, rule, [&](Attempt const& attempt) {
                            std::vector<Point> starts;
                            for (std::int64_t const row : attempt.rows)
                            {
                                starts.push_back(start_of(first + row, attempt.number));
                            }
                            return stacked(starts);
                        });
}

/// Adam's first starts alone, of so many steps at most.
std::vector<TrialOutcome> first_starts(std::int64_t cap, StopRule rule, std::int64_t count = 10)
{
    std::vector<Point> starts;
    std::vector<Point> targets;
    for (std::int64_t trial = 0; trial < count; ++trial)
    {
        starts.push_back(start_of(trial, 0));
        targets.push_back(target_of(trial));
    }
    rule.max_iterations = std::min(rule.max_iterations, cap);
    CubicGenerator generator;
    at::Tensor const target = stacked(targets);
    at::Tensor const latents = stacked(starts);
    return descend(generator, Objective(generator.forward(target), MeasurementOperator::identity()),
                   {latents.clone(), target, Adam({}, latents)}, rule, uninterrupted());
}

// The same search in plain numbers, a trial at a time. ------------------------------------------

double image(double x)
{
    return x * x * x - 0.3 * x;
}

struct PlainTrial
{
    Point target;
    StopRule rule;
    std::int64_t steps = 0;
    std::int64_t starts = 0;
    std::int64_t evaluations = 0;
    std::int64_t first_hit = TrialOutcome::never;
    std::int64_t hit_evaluations = TrialOutcome::never;
    double lowest = std::numeric_limits<double>::infinity();
    double final_value = std::numeric_limits<double>::infinity();
    Point latent{};
    StopReason reason = StopReason::converged;

    double value(Point const& x) const
    {
        double sum = 0;
        for (std::size_t j = 0; j < x.size(); ++j)
        {
            sum += 0.5 * std::pow(image(x[j]) - image(target[j]), 2);
        }
        return sum;
    }

    double goal() const
    {
        return rule.relative_target *
               (std::pow(image(target[0]), 2) + std::pow(image(target[1]), 2));
    }

    /// Adam from x until it ends, at the latest after `cap` steps.
    void run(Point x, std::int64_t cap)
    {
        ++starts;
        AdamSettings const adam;
        Point first{};
        Point second{};
        std::vector<double> history;
        std::optional<StopReason> end;
        std::int64_t i = 0;
        for (;; ++i)
        {
            double const f = value(x);
            history.push_back(f);
            lowest = std::min(lowest, f);
            if (first_hit == TrialOutcome::never &&
                std::hypot(x[0] - target[0], x[1] - target[1]) < rule.success_distance)
            {
                first_hit = steps + i;
                hit_evaluations = evaluations + 2 * (i + 1);
            }
            if (i >= std::min(cap, rule.max_iterations))
            {
                end = StopReason::iteration_cap;
            }
            double const before =
                i >= rule.window ? history[history.size() - 1 - rule.window] : not_a_number;
            if (f <= goal() || std::abs(before - f) < before * rule.relative_change)
            {
                end = StopReason::converged;
            }
            if (end)
            {
                break;
            }
            for (std::size_t j = 0; j < x.size(); ++j)
            {
                double const gradient = (image(x[j]) - image(target[j])) * (3 * x[j] * x[j] - 0.3);
                double const n = static_cast<double>(i + 1);
                first[j] = adam.beta1 * first[j] + (1 - adam.beta1) * gradient;
                second[j] = adam.beta2 * second[j] + (1 - adam.beta2) * gradient * gradient;
                x[j] -= adam.learning_rate * first[j] / (1 - std::pow(adam.beta1, n)) /
                        (std::sqrt(second[j] / (1 - std::pow(adam.beta2, n))) + adam.epsilon);
            }
        }
        steps += i;
        evaluations += 2 * (i + 1);
        if (double const f = value(x); f < final_value)
        {
            final_value = f;
            latent = x;
            reason = *end;
        }
    }
};

PlainTrial plain_search(std::int64_t trial, std::int64_t evaluations, StopRule const& rule)
{
    PlainTrial search{target_of(trial), rule};
    std::int64_t left = evaluations;
    for (std::int64_t number = 0; number == 0 || (left >= 2 && search.lowest > search.goal());
         ++number)
    {
        search.run(start_of(trial, number), std::max<std::int64_t>(0, left / 2 - 1));
        left = evaluations - search.evaluations;
    }
    return search;
}

}  // namespace

TEST_CASE("Restarts do what a plain loop over starts does, within the budget")
{
    StopRule capped = small_rule;
    capped.max_iterations = 50;  // less than a window: every start is cut
    StopRule easy = small_rule;
    easy.relative_target = 1e-4;  // reached by some
    std::int64_t most_starts = 0;
    std::int64_t spared = 0;
    for (StopRule const& rule : {small_rule, capped, easy})
    {
        for (std::int64_t const budget : {1, 7, 801, 1800})
        {
            for (TrialOutcome const& outcome : search(budget, rule))
            {
                PlainTrial const plain = plain_search(outcome.trial, budget, rule);
                INFO("trial " << outcome.trial << ", budget " << budget << ", cap "
                              << rule.max_iterations << ", " << plain.starts << " starts");
                CHECK(outcome.iterations == plain.steps);
                CHECK(outcome.network_evaluations == plain.evaluations);
                CHECK(outcome.network_evaluations <= std::max<std::int64_t>(budget, 2));
                bool const solved = outcome.best_objective <= plain.goal();
                CHECK((solved || outcome.network_evaluations > budget - 2));
                spared += solved && outcome.network_evaluations < budget - 2 ? 1 : 0;
                CHECK(outcome.first_hit == plain.first_hit);
                CHECK(outcome.hit_evaluations == plain.hit_evaluations);
                CHECK(outcome.stop_reason == plain.reason);
                CHECK(outcome.best_objective == Approx(plain.lowest).epsilon(1e-9));
                Point latent{};
                for (std::size_t j = 0; j < latent_dim; ++j)
                {
                    latent[j] = outcome.latent[j];
                    CHECK(latent[j] == Approx(plain.latent[j]).epsilon(1e-6));
                }
                CHECK(outcome.objective == Approx(plain.value(latent)).epsilon(1e-6));
                most_starts = std::max(most_starts, plain.starts);
            }
        }
    }
    CHECK(most_starts >= 5);
    CHECK(spared >= 5);  // a trial at its goal starts no more
}

TEST_CASE("Restarts free trials that adam leaves trapped, and cut the last start")
{
    auto const successes = [](std::vector<TrialOutcome> const& outcomes) {
        return std::ranges::count_if(outcomes, &TrialOutcome::success);
    };
    auto const ended = [](std::vector<TrialOutcome> const& outcomes, StopReason reason) {
        return std::ranges::count(outcomes, reason, &TrialOutcome::stop_reason);
    };
    auto const adam = first_starts(900, small_rule);
    auto const restarts = search(1802, small_rule);
    CHECK(successes(adam) < successes(restarts));
    CHECK(ended(adam, StopReason::converged) == std::ssize(adam));
    CHECK(ended(restarts, StopReason::converged) > 0);
    // Some of the winners are last starts.
    CHECK(ended(search(802, small_rule), StopReason::iteration_cap) > 0);
}

TEST_CASE("The first start is adam's, and no trial ends above it")
{
    // Too little for a second start: the outcomes are adam's to the bit.
    CHECK((search(122, small_rule) == first_starts(60, small_rule)));
    CHECK((search(2, small_rule) == first_starts(0, small_rule)));
    for (std::int64_t const steps : {300, 700})
    {
        auto const adam = first_starts(steps, small_rule);
        auto const restarts = search(2 * (steps + 1), small_rule);
        for (std::size_t i = 0; i < adam.size(); ++i)
        {
            CHECK(restarts[i].objective <= adam[i].objective);
            CHECK(restarts[i].best_objective <= adam[i].best_objective);
            CHECK((adam[i].first_hit == TrialOutcome::never ||
                   restarts[i].first_hit == adam[i].first_hit));
        }
    }
}

TEST_CASE("A trial's restarts do not depend on who else is in the batch")
{
    auto const together = search(1002, small_rule);
    auto apart = search(1002, small_rule, 5, 3);
    for (std::size_t i = 0; i < apart.size(); ++i)
    {
        apart[i].trial += 5;
        CHECK((apart[i] == together[i + 5]));
    }
}

TEST_CASE("A start that is not finite counts only if there is no other")
{
    CliffGenerator generator;
    at::Tensor const target = at::full({1, latent_dim}, 0.9, at::kDouble);
    at::Tensor const start = at::full({1, latent_dim}, 0.3, at::kDouble);
    Objective const objective(target, MeasurementOperator::identity());
    auto const run = [&](at::Tensor const& first, std::int64_t evaluations, double next) {
        return search_again(generator, objective, target, evaluations, {},
                            [&](Attempt const& attempt) {
                                return attempt.number == 0
                                           ? first
                                           : at::full({1, latent_dim}, next, at::kDouble);
                            })
            .front();
    };
    TrialOutcome const one = run(start, 100, not_a_number);  // 10 or 11 steps of 0.01 to the cliff
    CHECK(one.stop_reason == StopReason::non_finite);
    CHECK(one.iterations >= 10);
    CHECK(one.iterations <= 12);
    CHECK(one.network_evaluations == 2 * (one.iterations + 1) + 2);  // no third start
    CHECK(one.best_objective < 0.5 * 2 * 0.6 * 0.6);

    // The third start is cut before the cliff, and so the only one with an end.
    TrialOutcome const cut = run(start, 4 * (one.iterations + 1) + 12, 0.3);
    CHECK(cut.stop_reason == StopReason::iteration_cap);
    CHECK(cut.iterations == 2 * one.iterations + 5);
    CHECK(std::isfinite(cut.objective));
    CHECK(cut.objective > cut.best_objective);

    TrialOutcome const none = run(at::full_like(start, not_a_number), 3, 0.3);
    CHECK(none.stop_reason == StopReason::non_finite);
    CHECK(none.iterations == 0);
}

TEST_CASE("A trial whose start is at its goal already ends there")
{
    at::Tensor const target = at::zeros({1, latent_dim}, at::kDouble);
    at::Tensor const start = stacked({start_of(0, 0)});
    // A collapsed generator: b = G everywhere.
    class Collapsed final : public model::Evaluator
    {
      public:
        at::Tensor forward(at::Tensor const& latents) override { return at::ones_like(latents); }
        at::Tensor backward(at::Tensor const& gradient) override
        {
            return at::zeros_like(gradient);
        }
        at::Tensor jacobian() override
        {
            return at::zeros({1, latent_dim, latent_dim}, at::kDouble);
        }
    } collapsed;
    auto const outcome =
        search_again(collapsed,
                     Objective(collapsed.forward(start), MeasurementOperator::identity()), target,
                     1000, {}, [&](Attempt const&) { return start; })
            .front();
    CHECK(outcome.stop_reason == StopReason::converged);
    CHECK(outcome.iterations == 0);
    CHECK(outcome.network_evaluations == 2);
}
