#include "trial/descent.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "trial/flight.hpp"
#include "trial/host_values.hpp"
#include "trial/lm_descent.hpp"

namespace surf::trial
{
namespace
{

constexpr std::int64_t passes = 2;  // forward and backward

FlightState take_off(DescentStart start, StopRule const& rule)
{
    auto const whole = start.latents.options().dtype(at::kLong);
    std::int64_t const trials = start.latents.size(0);
    at::Tensor caps = at::full({trials}, rule.max_iterations, whole);
    if (start.caps.defined())
    {
        caps = at::minimum(caps, start.caps);
    }
    return {std::move(start.latents), std::move(start.target_latents),
            std::move(start.adam),    at::full({trials}, start.iterations, whole),
            std::move(caps),          at::full({trials}, TrialOutcome::never, whole)};
}

void fly(Flight flight, model::Evaluator& generator, std::stop_token const& stop,
         std::function<void(Landing const&)> const& land)
{
    while (!flight.empty())
    {
        if (stop.stop_requested())
        {
            throw Interrupted("stopped in the middle of a block (it is computed again next time)");
        }
        flight.advance(generator, land);
    }
}

/// Where trials were lowest, of those that have landed.
struct Lowest
{
    std::vector<double> values;
    std::vector<std::vector<float>> latents;

    explicit Lowest(std::int64_t trials)
        : values(static_cast<std::size_t>(trials)), latents(values.size())
    {}

    void note(Landing const& landing)
    {
        auto const rows = host_values<std::int64_t>(landing.rows);
        auto const best = host_values<double>(landing.best_values);
        for (std::size_t i = 0; i < rows.size(); ++i)
        {
            auto const row = static_cast<std::size_t>(rows[i]);
            values[row] = best[i];
            latents[row] = host_values<float>(landing.best_latents[static_cast<std::int64_t>(i)]);
        }
    }
};

/// Where trials land by a rule: what another search goes on from.
FlightState landed(model::Evaluator& generator, Objective const& objective, FlightState state,
                   StopRule const& rule, std::stop_token const& stop, Lowest* lowest = nullptr)
{
    FlightState landed = state.select(at::arange(state.latents.size(0), state.caps.options()));
    fly(Flight(objective, std::move(state), rule), generator, stop, [&](Landing const& landing) {
        landed.put(landing.rows, landing.state);
        if (lowest != nullptr)
        {
            lowest->note(landing);
        }
    });
    return landed;
}

/// Writes down trials that have landed from the last of so many flights, but for what outcomes need
/// a fresh look at x̂.
void harvest(Landing const& landing, std::int64_t flights, std::vector<TrialOutcome>& outcomes)
{
    auto const rows = host_values<std::int64_t>(landing.rows);
    auto const reasons = host_values<std::int8_t>(landing.reasons);
    auto const iterations = host_values<std::int64_t>(landing.state.iterations);
    auto const hits = host_values<std::int64_t>(landing.state.first_hit);
    auto const best = host_values<double>(landing.best_values);
    for (std::size_t i = 0; i < rows.size(); ++i)
    {
        auto const at = static_cast<std::int64_t>(i);
        TrialOutcome& outcome = outcomes[static_cast<std::size_t>(rows[i])];
        outcome.trial = rows[i];
        outcome.stop_reason = static_cast<StopReason>(reasons[i]);
        outcome.iterations = iterations[i];
        // Each flight evaluates f once more than it steps: where the trial lands.
        outcome.network_evaluations = passes * (iterations[i] + flights);
        outcome.first_hit = hits[i];
        outcome.best_objective = best[i];
        outcome.latent = host_values<float>(landing.state.latents[at]);
        outcome.best_latent = host_values<float>(landing.best_latents[at]);
    }
}

}  // namespace

StopRule approximate_rule(StopRule const& rule)
{
    // bfloat16 keeps 8 bits: its error in the image is about 0.1 %, in f / |b|^2 about 1e-6.
    constexpr double shown_in_objective = 1e-5;
    constexpr double shown_in_change = 1e-3;
    StopRule approximate = rule;
    approximate.relative_target = std::max(rule.relative_target, shown_in_objective);
    approximate.relative_change = std::max(rule.relative_change, shown_in_change);
    return approximate;
}

std::vector<TrialOutcome> descend(FinalGenerators const& generators, Objective const& objective,
                                  DescentStart start, StopRule const& rule,
                                  std::stop_token const& stop)
{
    at::Tensor const target_latents = start.target_latents;
    FlightState state = take_off(std::move(start), rule);
    std::int64_t flights = 1;
    if (generators.approximate != nullptr)
    {
        state = landed(*generators.approximate, objective, std::move(state), approximate_rule(rule),
                       stop);
        ++flights;
    }
    std::vector<TrialOutcome> outcomes(static_cast<std::size_t>(target_latents.size(0)));
    fly(Flight(objective, std::move(state), rule), generators.exact, stop,
        [&](Landing const& landing) { harvest(landing, flights, outcomes); });
    describe_latents(generators.exact, objective, target_latents, rule, outcomes);
    return outcomes;
}

std::vector<double> goals_of(Objective const& objective, StopRule const& rule)
{
    return host_values<double>(objective.squared_norm() * rule.relative_target);
}

StopRule polish_rule(StopRule const& rule, PolishSettings const& polish)
{
    StopRule loose = rule;
    loose.relative_change = std::max(rule.relative_change, polish.relative_change);
    return loose;
}

std::vector<TrialOutcome> descend_polished(FinalGenerators const& generators,
                                           Objective const& objective, DescentStart start,
                                           Polishing const& polishing, StopRule const& rule,
                                           std::stop_token const& stop)
{
    StopRule const loose = polish_rule(rule, polishing.polish);
    FlightState state = take_off(std::move(start), rule);
    std::int64_t flights = 1;
    if (generators.approximate != nullptr)
    {
        state = landed(*generators.approximate, objective, std::move(state),
                       approximate_rule(loose), stop);
        ++flights;
    }
    Lowest lowest(state.latents.size(0));
    state = landed(generators.exact, objective, std::move(state), loose, stop, &lowest);
    LevenbergMarquardt search(polishing.lm, objective, state.latents);
    search.count(state.iterations, (state.iterations + flights) * passes);
    auto outcomes =
        descend_by_lm(generators.exact, {std::move(search), state.target_latents, state.first_hit},
                      polishing.lm, rule, stop);
    auto const before = host_values<std::int64_t>(state.iterations);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        outcomes[i].polish_iterations = outcomes[i].iterations - before[i];
        if (lowest.values[i] < outcomes[i].best_objective)  // Adam's f goes up and down
        {
            outcomes[i].best_objective = lowest.values[i];
            outcomes[i].best_latent = std::move(lowest.latents[i]);
        }
    }
    return outcomes;
}

void describe_latents(model::Evaluator& generator, Objective const& objective,
                      at::Tensor const& target_latents, StopRule const& rule,
                      std::vector<TrialOutcome>& outcomes)
{
    at::Tensor latents = at::empty(target_latents.sizes(), at::kFloat);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        std::vector<float> const& latent = outcomes[i].latent;
        std::ranges::copy(latent, latents.mutable_data_ptr<float>() + i * latent.size());
    }
    latents = latents.to(target_latents.options());
    auto const values = host_values<double>(objective.evaluate(generator, latents).value);
    auto const errors = host_values<double>(objective.pixel_error(generator, latents));
    auto const distances = host_values<double>(
        at::linalg_vector_norm(latents - target_latents, 2, at::IntArrayRef{1}));
    for (std::size_t i = 0; i < outcomes.size(); ++i)
    {
        outcomes[i].objective = values[i];
        outcomes[i].pixel_error = errors[i];
        outcomes[i].distance = distances[i];
        outcomes[i].success = distances[i] < rule.success_distance;
    }
}

}  // namespace surf::trial
