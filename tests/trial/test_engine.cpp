#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "trial/engine.hpp"
#include "trial/line_chain.hpp"
#include "trial/small_block.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

constexpr std::int64_t latent_dim = 3;
constexpr std::int64_t snapshots = 4;

/// Of the paper's generator.
chain::Reader const& shared_chain()
{
    static test::LineChain const chain(test::dcgan_network(latent_dim), snapshots);
    return chain.reader();
}

/// Of dense layers: convolutions in bfloat16 take a CPU without units for it minutes.
chain::Reader const& dense_chain()
{
    static test::LineChain const chain(test::relu_network(latent_dim, 2), snapshots);
    return chain.reader();
}

BlockSpec block_of(Method method, chain::Reader const& chain = shared_chain())
{
    BlockSpec block = test::small_block(chain, method);
    block.cell.projected = {.slack = 1e-3, .max_pieces = 4, .max_steps = 20, .starts = 2};
    block.budget = {.steps = method == Method::surfing ? 8 : 0,
                    .evaluations = method == Method::restarts ? 90 : 0};
    return block;
}

std::vector<TrialOutcome> run(BlockSpec const& block, EvaluatorFactory const& evaluators)
{
    bool const dense = block.cell.chain == dense_chain().id();
    return run_block(block, {dense ? dense_chain() : shared_chain()}, at::kCPU, evaluators,
                     uninterrupted());
}

/// Counts forward() calls of every evaluator that a block makes, in the order of their making.
class CountingEvaluator final : public model::Evaluator
{
  public:
    CountingEvaluator(std::unique_ptr<Evaluator> inner, std::int64_t& count)
        : inner_(std::move(inner)), count_(count)
    {}
    at::Tensor forward(at::Tensor const& latents) override
    {
        ++count_;
        return inner_->forward(latents);
    }
    at::Tensor backward(at::Tensor const& gradient) override { return inner_->backward(gradient); }
    at::Tensor jacobian() override { return inner_->jacobian(); }

  private:
    std::unique_ptr<Evaluator> inner_;
    std::int64_t& count_;
};

/// Says when it is destroyed.
class MortalEvaluator final : public model::Evaluator
{
  public:
    MortalEvaluator(std::unique_ptr<Evaluator> inner, std::function<void()> last_words)
        : inner_(std::move(inner)), last_words_(std::move(last_words))
    {}
    ~MortalEvaluator() override { last_words_(); }
    at::Tensor forward(at::Tensor const& latents) override { return inner_->forward(latents); }
    at::Tensor backward(at::Tensor const& gradient) override { return inner_->backward(gradient); }
    at::Tensor jacobian() override { return inner_->jacobian(); }

  private:
    std::unique_ptr<Evaluator> inner_;
    std::function<void()> last_words_;
};

/// Spoils what it has returned as soon as it is called again, as graphs do that are replayed.
class ForgetfulEvaluator final : public model::Evaluator
{
  public:
    explicit ForgetfulEvaluator(std::unique_ptr<Evaluator> inner) : inner_(std::move(inner)) {}

    at::Tensor forward(at::Tensor const& latents) override
    {
        return instead_of_last({inner_->forward(latents)}).front();
    }
    at::Tensor backward(at::Tensor const& gradient) override
    {
        return instead_of_last({inner_->backward(gradient)}).front();
    }
    at::Tensor jacobian() override { return instead_of_last({inner_->jacobian()}).front(); }
    at::Tensor jacobian_of(at::Tensor const& rows) override
    {
        return instead_of_last({inner_->jacobian_of(rows)}).front();
    }
    model::Linearised linearise(at::Tensor const& latents, at::Tensor const& rows) override
    {
        auto const [images, jacobians] = inner_->linearise(latents, rows);
        auto const kept = instead_of_last({images, jacobians});
        return {kept.front(), kept.back()};
    }

  private:
    std::vector<at::Tensor> instead_of_last(std::vector<at::Tensor> results)
    {
        for (at::Tensor& spoilt : last_)
        {
            spoilt.fill_(std::numeric_limits<double>::quiet_NaN());
        }
        std::ranges::transform(results, results.begin(), [](auto const& it) { return it.clone(); });
        last_ = results;
        return results;
    }

    std::unique_ptr<Evaluator> inner_;
    std::vector<at::Tensor> last_;
};

}  // namespace

TEST_CASE("A block gives one outcome a trial, numbered, the same bits every time")
{
    for (Method const method : {Method::adam, Method::surfing, Method::projected})
    {
        BlockSpec const block = block_of(method);
        auto const outcomes = run(block, frozen_evaluators(at::kCPU));
        REQUIRE(std::ssize(outcomes) == block.count);
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            CHECK(outcomes[i].trial == block.first + static_cast<std::int64_t>(i));
            CHECK(std::ssize(outcomes[i].latent) == latent_dim);
            CHECK(outcomes[i].iterations >= block.budget.steps);
            CHECK(outcomes[i].first_hit != 0);
        }
        CHECK((run(block, frozen_evaluators(at::kCPU)) == outcomes));
    }
}

TEST_CASE("A block needs no result of an evaluator beyond the next call")
{
    for (Method const method :
         {Method::surfing, Method::restarts, Method::projected, Method::surfing_lm})
    {
        BlockSpec block = block_of(method, dense_chain());
        block.cell.precision = Precision::mixed;
        auto const outcomes =
            run(block, [](GeneratorSpec const& generator, Parameters const& parameters,
                          model::MatrixTypes types) {
                return std::make_unique<ForgetfulEvaluator>(
                    frozen_evaluators(at::kCPU)(generator, parameters, types));
            });
        CHECK((outcomes == run(block, frozen_evaluators(at::kCPU))));
    }
}

TEST_CASE("In mixed precision a block ends where it ends in float32")
{
    for (Method const method : {Method::adam, Method::surfing, Method::restarts})
    {
        BlockSpec block = block_of(method, dense_chain());
        auto const exact = run(block, frozen_evaluators(at::kCPU));
        block.cell.precision = Precision::mixed;
        auto const mixed = run(block, frozen_evaluators(at::kCPU));
        CHECK((run(block, frozen_evaluators(at::kCPU)) == mixed));
        CHECK_FALSE((mixed == exact));
        for (std::size_t i = 0; i < exact.size(); ++i)
        {
            INFO("trial " << exact[i].trial);
            CHECK(mixed[i].objective == Approx(exact[i].objective).epsilon(0.2).margin(1e-3));
            CHECK(std::isfinite(mixed[i].distance));
        }
    }
}

TEST_CASE("Mixed precision asks for bfloat16 on the way alone")
{
    BlockSpec block = block_of(Method::surfing);
    std::vector<at::ScalarType> forward;
    std::vector<at::ScalarType> backward;
    auto const evaluators = [&](GeneratorSpec const& generator, Parameters const& parameters,
                                model::MatrixTypes types) {
        forward.push_back(types.forward);
        backward.push_back(types.backward);
        return frozen_evaluators(at::kCPU)(generator, parameters, types);
    };
    run(block, evaluators);
    CHECK(std::ranges::count(backward, at::kFloat) == std::ssize(backward));
    CHECK(forward == backward);
    forward.clear();
    backward.clear();
    block.cell.precision = Precision::mixed;
    run(block, evaluators);
    CHECK(std::ranges::count(backward, at::kFloat) == 2);  // the final network: targets and end
    CHECK(std::ranges::count(forward, at::kFloat) == 3);   // and with approximate gradients alone
    CHECK(std::ssize(backward) > 3);
}

TEST_CASE("In mixed precision the final network is in memory once at a time, in each of its forms")
{
    BlockSpec block = block_of(Method::adam, dense_chain());
    block.cell.precision = Precision::mixed;
    block.cell.stop.max_iterations = 1500;  // enough for a trial to come near
    std::vector<std::pair<at::ScalarType, at::ScalarType>> made;
    std::int64_t living = 0;
    std::int64_t most = 0;
    auto const outcomes = run(block, [&](GeneratorSpec const& generator,
                                         Parameters const& parameters, model::MatrixTypes types) {
        made.emplace_back(types.forward, types.backward);
        most = std::max(most, ++living);
        return std::make_unique<MortalEvaluator>(
            frozen_evaluators(at::kCPU)(generator, parameters, types), [&] { --living; });
    });
    using Types = std::pair<at::ScalarType, at::ScalarType>;
    CHECK(made == std::vector{Types{at::kFloat, at::kFloat}, Types{at::kBFloat16, at::kBFloat16},
                              Types{at::kFloat, at::kBFloat16}, Types{at::kFloat, at::kFloat}});
    CHECK(most == 1);
    CHECK(living == 0);
    CHECK(std::ranges::any_of(outcomes, &TrialOutcome::success));
}

TEST_CASE("The frozen engine takes the path of the autograd engine")
{
    for (Task const task : {Task::inversion, Task::recovery})
    {
        for (Method const method : {Method::adam, Method::surfing})
        {
            BlockSpec block = block_of(method);
            block.cell.problem.task = task;
            if (task == Task::recovery)
            {
                block.cell.problem.measured_by = Operator::gaussian;
                block.cell.problem.measurements = 40;
            }
            block.cell.stop.max_iterations = 12;  // before rounding has grown
            auto const frozen = run(block, frozen_evaluators(at::kCPU));
            auto const reference = run(block, reference_evaluators(at::kCPU));
            for (std::size_t i = 0; i < frozen.size(); ++i)
            {
                INFO("trial " << frozen[i].trial);
                CHECK(frozen[i].iterations == reference[i].iterations);
                CHECK(frozen[i].objective == Approx(reference[i].objective).epsilon(1e-3));
                CHECK(frozen[i].distance == Approx(reference[i].distance).margin(1e-4));
            }
        }
    }
}

TEST_CASE("Surfing spends its budget on the snapshots as its schedule says, the rest on the last")
{
    BlockSpec block = block_of(Method::surfing);
    block.cell.surfing.schedule = Schedule::linear;
    block.budget.steps = 6;  // 3 + 2 + 1 steps on snapshots 0, 1, 2
    std::vector<std::unique_ptr<std::int64_t>> counts;
    auto const outcomes = run(block, [&](GeneratorSpec const& generator,
                                         Parameters const& parameters, model::MatrixTypes types) {
        counts.push_back(std::make_unique<std::int64_t>(0));
        return std::make_unique<CountingEvaluator>(
            frozen_evaluators(at::kCPU)(generator, parameters, types), *counts.back());
    });
    REQUIRE(counts.size() == 5);  // the final network comes first, for the targets, and last
    CHECK(*counts[0] == 1);
    CHECK(*counts[1] == 3);
    CHECK(*counts[2] == 2);
    CHECK(*counts[3] == 1);
    CHECK(*counts[4] > 0);
    for (TrialOutcome const& outcome : outcomes)
    {
        CHECK(outcome.iterations >= 6);
        CHECK(outcome.network_evaluations == 2 * (outcome.iterations + 1));
    }
}

TEST_CASE("Methods of the same problem start from the same latents and targets")
{
    // With no steps at all, every method ends where it starts.
    BlockSpec adam = block_of(Method::adam);
    adam.cell.stop.max_iterations = 0;
    auto const expected = run(adam, frozen_evaluators(at::kCPU));
    for (Method const method : {Method::surfing, Method::restarts})
    {
        BlockSpec other = block_of(method);
        other.cell.stop.max_iterations = 0;
        other.budget = {.evaluations = 2};
        CHECK((run(other, frozen_evaluators(at::kCPU)) == expected));
    }
}

TEST_CASE("Projected surfing counts its starts on the first network, then pieces on each later one")
{
    BlockSpec const block = block_of(Method::projected);
    ProjectedSettings const& settings = block.cell.projected;
    for (TrialOutcome const& outcome : run(block, frozen_evaluators(at::kCPU)))
    {
        CHECK(outcome.pieces >= snapshots - 1);
        CHECK(outcome.pieces <= settings.max_pieces * (snapshots - 1));
        CHECK(outcome.iterations > settings.starts * 25);  // a window at least
        CHECK(outcome.iterations <= settings.starts * 30 + outcome.pieces * settings.max_steps);
        // Each network's own pattern and each piece: a pass of k tangents and the constant.
        CHECK(outcome.network_evaluations >=
              2 * settings.starts * 26 + (outcome.pieces + snapshots - 1) * (latent_dim + 1));
        CHECK(outcome.capped_snapshots <= snapshots - 1);
        CHECK((outcome.units_cut > 0) == (outcome.capped_snapshots > 0));
        CHECK(outcome.best_latent == outcome.latent);
    }
}

TEST_CASE("On x's own pieces alone projected surfing makes two passes of k + 1 on each network")
{
    BlockSpec block = block_of(Method::projected);
    block.cell.projected.max_pieces = 1;
    auto const all = run(block, frozen_evaluators(at::kCPU));
    block.cell.projected.first_snapshot = 2;
    auto const last = run(block, frozen_evaluators(at::kCPU));
    block.cell.projected = {.slack = 0, .max_pieces = 1, .max_steps = 0, .starts = 2};
    auto const first = run(block, frozen_evaluators(at::kCPU));
    for (std::size_t i = 0; i < first.size(); ++i)
    {
        // One pass finds x's pattern, another its piece; a capped search tries others first.
        std::int64_t const adam = 2 * (first[i].iterations + 2);
        CHECK(first[i].network_evaluations == adam + 2 * (snapshots - 1) * (latent_dim + 1));
        CHECK(all[i].pieces == snapshots - 1);
        CHECK(last[i].pieces == snapshots - 3);
    }
}

TEST_CASE("A trial of projected surfing that overflows is an outcome like any other")
{
    BlockSpec block = block_of(Method::projected);
    for (double const learning_rate : {1e10, 1e38})
    {
        block.cell.adam.learning_rate = learning_rate;
        auto const outcomes = run(block, frozen_evaluators(at::kCPU));
        CHECK(std::ssize(outcomes) == block.count);
        for (TrialOutcome const& outcome : outcomes)
        {
            CHECK(std::isfinite(outcome.objective) !=
                  (outcome.stop_reason == StopReason::non_finite));
            CHECK_FALSE(outcome.success);
        }
    }
}

TEST_CASE("Projected surfing starts at the best end of Adam on the first network")
{
    // With no step on any piece it ends there, but for the projection onto x's own piece.
    BlockSpec projected = block_of(Method::projected);
    projected.cell.projected = {.slack = 0, .max_pieces = 1, .max_steps = 0, .starts = 3};
    auto const ends = run(projected, frozen_evaluators(at::kCPU));
    projected.cell.projected.starts = 1;
    auto const first_ends = run(projected, frozen_evaluators(at::kCPU));
    int moved = 0;
    for (std::size_t i = 0; i < ends.size(); ++i)
    {
        CHECK(ends[i].iterations > 2 * first_ends[i].iterations);
        moved += ends[i].latent != first_ends[i].latent ? 1 : 0;
    }
    CHECK(moved > 0);
}
