#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "trial/descent.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

/// G(x) = Sx with a given diagonal S: the minimiser and the whole path are known.
class DiagonalGenerator final : public model::Evaluator
{
  public:
    explicit DiagonalGenerator(at::Tensor diagonal) : diagonal_(std::move(diagonal)) {}
    at::Tensor forward(at::Tensor const& latents) override { return latents * diagonal_; }
    at::Tensor backward(at::Tensor const& gradient) override { return gradient * diagonal_; }
    at::Tensor jacobian() override { return at::diag(diagonal_).unsqueeze(0); }

  private:
    at::Tensor diagonal_;
};

/// The same with gradients of another diagonal: nearly right.
class NearlyPulling final : public model::Evaluator
{
  public:
    NearlyPulling(at::Tensor diagonal, at::Tensor pulling)
        : exact_(std::move(diagonal)), pulling_(std::move(pulling))
    {}
    at::Tensor forward(at::Tensor const& latents) override
    {
        ++calls;
        return exact_.forward(latents);
    }
    at::Tensor backward(at::Tensor const& gradient) override { return pulling_.backward(gradient); }
    at::Tensor jacobian() override { return exact_.jacobian(); }

    std::int64_t calls = 0;

  private:
    DiagonalGenerator exact_;
    DiagonalGenerator pulling_;
};

at::Tensor rows(std::vector<float> const& values)
{
    return at::tensor(values).reshape({-1, 2});
}

struct Setting
{
    at::Tensor start = rows({0.5F, -0.25F, -0.75F, 0.125F, 0.3F, 0.3F});
    at::Tensor target = rows({0.1F, 0.2F, -0.6F, 0.5F, 0.3F, 0.3F});
    DiagonalGenerator generator{at::tensor({2.0, 1.0}, at::kFloat)};
    StopRule rule;
    at::Tensor allowance;

    std::vector<TrialOutcome> run(std::int64_t steps_before = 0,
                                  Checkpoint& checkpoint = uninterrupted())
    {
        return descend(
            generator, Objective(generator.forward(target), MeasurementOperator::identity()),
            {start.clone(), target, Adam({}, start), steps_before, allowance}, rule, checkpoint);
    }
};

}  // namespace

TEST_CASE("Descent finds the minimiser and counts its steps")
{
    Setting setting;
    auto const outcomes = setting.run();
    REQUIRE(outcomes.size() == 3);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        INFO("trial " << i);
        TrialOutcome const& outcome = outcomes[i];
        CHECK(outcome.trial == static_cast<std::int64_t>(i));
        CHECK(outcome.stop_reason == StopReason::converged);
        CHECK(outcome.success);
        CHECK(outcome.distance < 0.01);
        CHECK(outcome.first_hit >= 0);
        CHECK(outcome.first_hit <= outcome.iterations);
        CHECK(outcome.best_objective <= outcome.objective * (1 + 1e-5) + 1e-12);
        REQUIRE(outcome.latent.size() == 2);
        // The outcome describes its own latent.
        at::Tensor const x = at::tensor(outcome.latent);
        at::Tensor const truth = setting.target[static_cast<std::int64_t>(i)];
        CHECK(outcome.distance == Approx((x - truth).norm().item<double>()).epsilon(1e-4));
        double const error = ((x - truth) * at::tensor({2.0, 1.0})).norm().item<double>();
        CHECK(outcome.objective == Approx(0.5 * error * error).epsilon(1e-3).margin(1e-12));
        CHECK(outcome.pixel_error == Approx(error / std::sqrt(2.0)).epsilon(1e-3).margin(1e-7));
    }
    // The third starts at its target: it ends at once, and has left the batch before the others.
    CHECK(outcomes[2].iterations == 0);
    CHECK(outcomes[2].first_hit == 0);
}

TEST_CASE("A trial's outcome does not depend on who else is in the batch")
{
    Setting setting;
    auto const together = setting.run();
    Setting alone;
    alone.start = alone.start.slice(0, 1, 2).clone();
    alone.target = alone.target.slice(0, 1, 2).clone();
    auto outcome = alone.run().front();
    outcome.trial = 1;
    CHECK((outcome == together[1]));
}

TEST_CASE("The cap counts the steps on the final network, and ends what has not converged")
{
    Setting setting;
    setting.rule.max_iterations = 25;
    auto const outcomes = setting.run(20);
    CHECK(outcomes[0].stop_reason == StopReason::iteration_cap);
    CHECK(outcomes[0].iterations == 20 + 25);
    CHECK(outcomes[0].network_evaluations == 2 * (20 + 26));  // once more where it ends
    CHECK_FALSE(outcomes[0].success);
    CHECK(outcomes[0].first_hit == TrialOutcome::never);
    CHECK(outcomes[2].stop_reason == StopReason::converged);
    CHECK(outcomes[2].iterations == 20);
}

TEST_CASE("Each trial may take its allowance of evaluations, but no more steps than the rule has")
{
    Setting setting;
    setting.start = rows({0.5F, -0.25F, -0.75F, 0.125F, 0.9F, 0.9F});
    setting.rule.max_iterations = 25;
    setting.allowance = at::tensor({2, 17, 202}, at::kLong);
    auto const outcomes = setting.run(20);
    std::vector<std::int64_t> const steps = {0, 7, 25};
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        CHECK(outcomes[i].stop_reason == StopReason::iteration_cap);
        CHECK(outcomes[i].iterations == 20 + steps[i]);
        // Until it is spent a trial does what it does under the rule alone.
        Setting alone = setting;
        alone.allowance = at::Tensor();
        alone.rule.max_iterations = steps[i];
        CHECK((alone.run(20)[i] == outcomes[i]));
    }
}

TEST_CASE("With an approximate network the way is its, the end is the exact network's")
{
    Setting setting;
    auto const exactly = setting.run();
    DiagonalGenerator approximate(at::tensor({2.01, 0.995}, at::kFloat));
    auto const descend_mixed = [&](StopRule const& rule) {
        return descend(
            {setting.generator, &approximate},
            Objective(setting.generator.forward(setting.target), MeasurementOperator::identity()),
            {setting.start.clone(), setting.target, Adam({}, setting.start), 20}, rule,
            uninterrupted());
    };
    auto const outcomes = descend_mixed(setting.rule);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        INFO("trial " << i);
        CHECK(outcomes[i].stop_reason == StopReason::converged);
        // The approximate network's own minimum lies 0.005 away: too far for the goal.
        CHECK(outcomes[i].distance < 1e-4);
        CHECK(outcomes[i].objective == Approx(exactly[i].objective).margin(1e-10));
        CHECK(outcomes[i].best_objective <= outcomes[i].objective * (1 + 1e-5) + 1e-12);
    }
    CHECK(outcomes[0].first_hit >= 20);
    CHECK(outcomes[0].first_hit < outcomes[0].iterations);

    StopRule short_rule = setting.rule;
    short_rule.max_iterations = 25;  // used up on the approximate network
    auto const capped = descend_mixed(short_rule);
    CHECK(capped[0].stop_reason == StopReason::iteration_cap);
    CHECK(capped[0].iterations == 20 + 25);
    CHECK(capped[0].network_evaluations == 2 * (20 + 27));  // once more on either network
    // f is the exact network's even so.
    double const error =
        ((at::tensor(capped[0].latent) - setting.target[0]) * at::tensor({2.0, 1.0}))
            .norm()
            .item<double>();
    CHECK(capped[0].objective == Approx(0.5 * error * error).epsilon(1e-4));
    CHECK(capped[0].best_objective == Approx(capped[0].objective).epsilon(1e-4));
}

TEST_CASE("On the way to f = 0 nearly right gradients of the exact f lead to the end")
{
    Setting setting;
    at::Tensor const exact = at::tensor({2.0, 1.0}, at::kFloat);
    at::Tensor const inexact = at::tensor({2.01, 0.995}, at::kFloat);
    DiagonalGenerator approximate(inexact);
    NearlyPulling exact_forward(exact, inexact);
    NearlyPulling last(exact, exact);
    auto const outcomes = descend(
        {last, &approximate, &exact_forward},
        Objective(setting.generator.forward(setting.target), MeasurementOperator::identity()),
        {setting.start.clone(), setting.target, Adam({}, setting.start)}, setting.rule,
        uninterrupted());
    CHECK(exact_forward.calls > 10);
    std::int64_t most_iterations = 0;
    for (TrialOutcome const& outcome : outcomes)
    {
        INFO("trial " << outcome.trial);
        CHECK(outcome.stop_reason == StopReason::converged);
        CHECK(outcome.distance < 1e-4);
        // Once more than it steps on each of the three networks: where the trial lands.
        CHECK(outcome.network_evaluations == 2 * (outcome.iterations + 3));
        most_iterations = std::max(most_iterations, outcome.iterations);
    }
    // The end is only looked at: f, and once more what describes the latents found.
    CHECK(last.calls < 6);
    CHECK(most_iterations > exact_forward.calls);
}

TEST_CASE("Only trials on their way to f = 0 follow nearly right gradients")
{
    at::Tensor const exact = at::tensor({2.0, 0.0}, at::kFloat);
    at::Tensor const inexact = at::tensor({2.01, 0.0}, at::kFloat);
    // The second target is no image, and the third trial starts at none.
    at::Tensor const start = rows({0.5F, 0, -0.75F, 0, NAN, 0, 0.4F, 0});
    at::Tensor const target = rows({0.2F, 0, -1.2F, 0.5F, 0.6F, 0, -0.2F, 0});
    auto const descend_from = [&](at::Tensor const& chosen, std::int64_t& calls,
                                  StopRule const& rule) {
        DiagonalGenerator last(exact);
        DiagonalGenerator approximate(inexact);
        NearlyPulling exact_forward(exact, inexact);
        at::Tensor const x = start.index_select(0, chosen);
        auto const outcomes =
            descend({last, &approximate, &exact_forward},
                    Objective(target.index_select(0, chosen), MeasurementOperator::identity()),
                    {x.clone(), at::full_like(x, NAN), Adam({}, x)}, rule, uninterrupted());
        calls = exact_forward.calls;
        return outcomes;
    };
    std::int64_t calls = 0;
    auto const together = descend_from(at::arange(4), calls, {});
    CHECK(calls > 0);
    std::vector<std::int64_t> const searches = {3, 2, 2, 3};
    for (std::size_t i = 0; i < together.size(); ++i)
    {
        INFO("trial " << i);
        TrialOutcome const& outcome = together[i];
        CHECK(outcome.stop_reason == (i == 2 ? StopReason::non_finite : StopReason::converged));
        CHECK(outcome.network_evaluations == 2 * (outcome.iterations + searches[i]));
        auto const alone =
            descend_from(at::tensor({static_cast<std::int64_t>(i)}, at::kLong), calls, {});
        CHECK((calls > 0) == (searches[i] == 3));
        CHECK(alone[0].iterations == outcome.iterations);
        CHECK((i == 2 || alone[0].latent == outcome.latent));
        CHECK((i == 2 || alone[0].best_objective == outcome.best_objective));
    }

    // Used up where gradients are nearly right: f is exact there, and its lowest is not forgotten.
    StopRule capped;
    capped.max_iterations = together[0].iterations - 5;
    auto const cut = descend_from(at::arange(1), calls, capped);
    CHECK(cut[0].stop_reason == StopReason::iteration_cap);
    CHECK(cut[0].iterations == capped.max_iterations);
    CHECK(cut[0].network_evaluations == 2 * (cut[0].iterations + 3));
    CHECK(cut[0].best_objective <= cut[0].objective * (1 + 1e-5));
}

TEST_CASE("Gradients that lead astray are followed for a window, and forgotten")
{
    Setting setting;
    at::Tensor const exact = at::tensor({2.0, 1.0}, at::kFloat);
    DiagonalGenerator approximate(at::tensor({2.01, 0.995}, at::kFloat));
    NearlyPulling exact_forward(exact, -exact);
    auto const outcomes = descend(
        {setting.generator, &approximate, &exact_forward},
        Objective(setting.generator.forward(setting.target), MeasurementOperator::identity()),
        {setting.start.clone(), setting.target, Adam({}, setting.start)}, setting.rule,
        uninterrupted());
    CHECK(exact_forward.calls <= setting.rule.window + 1);
    for (TrialOutcome const& outcome : outcomes)
    {
        INFO("trial " << outcome.trial);
        CHECK(outcome.stop_reason == StopReason::converged);
        CHECK(outcome.distance < 1e-4);
    }
}

TEST_CASE("A trial changes over early on the approximate network's own terms")
{
    StopRule const rule;
    StopRule const approximate = approximate_rule(rule);
    CHECK(approximate.relative_target > rule.relative_target);
    CHECK(approximate.relative_change > rule.relative_change);
    CHECK(approximate.max_iterations == rule.max_iterations);
    StopRule coarse = rule;
    coarse.relative_change = 0.5;
    CHECK(approximate_rule(coarse).relative_change == 0.5);
}

TEST_CASE("Without a true latent there is no distance, no success and no hit")
{
    Setting setting;
    auto const known = setting.run();
    at::Tensor const image = setting.generator.forward(setting.target);
    at::Tensor const none = at::full_like(setting.target, std::numeric_limits<float>::quiet_NaN());
    auto const outcomes = descend(
        setting.generator, Objective(image, MeasurementOperator::identity()),
        {setting.start.clone(), none, Adam({}, setting.start)}, setting.rule, uninterrupted());
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        CHECK(std::isnan(outcomes[i].distance));
        CHECK_FALSE(outcomes[i].success);
        CHECK(outcomes[i].first_hit == TrialOutcome::never);
        CHECK(outcomes[i].stop_reason == StopReason::converged);
        CHECK(outcomes[i].latent == known[i].latent);
        CHECK(outcomes[i].objective == known[i].objective);
    }
}

TEST_CASE("A flat objective converges after exactly one window")
{
    Setting setting;
    setting.generator = DiagonalGenerator(at::tensor({0.0, 0.0}, at::kFloat));
    setting.rule.window = 17;
    setting.rule.relative_target = 0;
    // G = 0 everywhere, so f is the constant ½‖b‖² and never at its goal.
    Objective const objective(at::ones({3, 2}), MeasurementOperator::identity());
    auto const outcomes =
        descend(setting.generator, objective,
                {setting.start.clone(), setting.target, Adam({}, setting.start), 5}, setting.rule,
                uninterrupted());
    CHECK(outcomes[0].stop_reason == StopReason::converged);
    CHECK(outcomes[0].iterations == 5 + 17);
}

TEST_CASE("A trial that is not finite ends as such; the others go on")
{
    Setting setting;
    setting.start[0][0] = std::numeric_limits<float>::quiet_NaN();
    auto const outcomes = setting.run();
    CHECK(outcomes[0].stop_reason == StopReason::non_finite);
    CHECK(outcomes[0].iterations == 0);
    CHECK_FALSE(outcomes[0].success);
    CHECK(outcomes[1].success);
}

TEST_CASE("A descent that is asked to stop says so")
{
    Setting setting;
    std::stop_source source;
    source.request_stop();
    Checkpoint checkpoint(source.get_token(), {}, {}, {});
    CHECK_THROWS_AS(setting.run(0, checkpoint), Interrupted);
}
