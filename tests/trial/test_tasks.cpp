#include <catch2/catch.hpp>
#include <cmath>

#include "trial/adam.hpp"
#include "trial/engine.hpp"
#include "trial/line_chain.hpp"
#include "trial/operators.hpp"
#include "trial/schedule.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::test;
using namespace surf::trial;

namespace
{

constexpr std::int64_t latent_dim = 3;
constexpr std::int64_t snapshots = 6;
constexpr std::int64_t final_steps = 12;

/// A chain of the paper's section 3 network, small enough to run every task by every method.
chain::Reader const& relu_chain()
{
    static LineChain const chain(relu_network(latent_dim, 2), snapshots);
    return chain.reader();
}

/// 20 images of random pixels.
data::TestImages const& test_images()
{
    static data::TestImages const images = [] {
        data::Images random{20, mnist_image, {}, "random"};
        RandomStream stream(1, "test/images", Purpose::prior, 0);
        for (std::int64_t i = 0; i < 20 * 784; ++i)
        {
            random.pixels.push_back(static_cast<std::uint8_t>(stream.below(256)));
        }
        return data::TestImages(std::move(random));
    }();
    return images;
}

/// Of restarts: 12 + 12 + 6 steps, and f once more at the end of each start.
constexpr std::int64_t restart_steps = 30;
constexpr std::int64_t restart_evaluations = 2 * (restart_steps + 3);

/// Stops after 12 steps on the final network, before rounding has grown.
BlockSpec block_of(CellSpec const& cell, Method method)
{
    BlockSpec block;
    block.cell = cell;
    block.cell.chain = relu_chain().id();
    block.cell.generator = relu_chain().header().generator;
    block.cell.method = method;
    block.cell.stop.max_iterations = final_steps;
    block.first = 4;
    block.count = 5;
    block.budget = {.steps = method == Method::surfing ? 12 : 0,
                    .evaluations = method == Method::restarts ? restart_evaluations : 0};
    return block;
}

/// Every task, every operator and draw, and noise.
std::vector<CellSpec> all_problems()
{
    std::vector<CellSpec> cells = all_operators();
    CellSpec inversion = seen_through(Operator::identity, 0);
    inversion.problem.task = Task::inversion;
    cells.push_back(inversion);
    CellSpec noisy_pixels = seen_through(Operator::identity, 0);
    noisy_pixels.problem.noise = 0.1;
    cells.push_back(noisy_pixels);
    CellSpec noisy = seen_through(Operator::mask, 100);
    noisy.problem.noise = 0.1;
    cells.push_back(noisy);
    for (CellSpec approximation : {seen_through(Operator::identity, 0),
                                   seen_through(Operator::gaussian, 40, Draw::shared), noisy})
    {
        approximation.problem.task = Task::approximation;
        cells.push_back(approximation);
    }
    return cells;
}

std::vector<TrialOutcome> run(BlockSpec const& block, EvaluatorFactory const& evaluators)
{
    return run_block(block, {relu_chain(), &test_images()}, at::kCPU, evaluators, uninterrupted());
}

std::vector<TrialOutcome> run(BlockSpec const& block)
{
    return run(block, frozen_evaluators(at::kCPU));
}

/// Equal, with NaN equal to NaN.
bool same(std::vector<TrialOutcome> left, std::vector<TrialOutcome> right)
{
    for (auto* outcomes : {&left, &right})
    {
        for (TrialOutcome& outcome : *outcomes)
        {
            outcome.distance = std::isnan(outcome.distance) ? -1 : outcome.distance;
        }
    }
    return left == right;
}

constexpr std::array methods = {Method::adam, Method::surfing, Method::restarts};

/// Surfing written out: Adam by autograd on each snapshot in turn, as many steps as the schedule
/// says, then on the last. The latents of the inversion block's trials.
at::Tensor surf_plainly(BlockSpec const& block)
{
    SurfingSettings const& settings = block.cell.surfing;
    auto steps = spread_budget(settings, snapshots - 1, block.budget.steps);
    steps.push_back(final_steps);
    auto const network_at = [](std::int64_t t) {
        return model::Network(relu_network(latent_dim, 2), relu_chain().read(t).generator,
                              at::kCPU);
    };
    TrialInputs const inputs = draw_inputs(block.cell, block.first, block.count);
    at::Tensor const target =
        network_at(snapshots - 1).forward(inputs.target_latent, model::Mode::evaluation);
    at::Tensor latents = inputs.initial_latent;
    std::optional<Adam> adam;
    for (std::int64_t t = 0; t < snapshots; ++t)
    {
        model::Network const network = network_at(t);
        if (!adam || settings.adam_state == AdamState::reset)
        {
            adam.emplace(block.cell.adam, latents);
        }
        for (std::int64_t i = 0; i < steps[static_cast<std::size_t>(t)]; ++i)
        {
            at::Tensor const x = latents.clone().set_requires_grad(true);
            at::Tensor const image = network.forward(x, model::Mode::evaluation);
            (0.5 * (image - target).pow(2).sum()).backward();
            adam->step(latents, x.grad());
        }
    }
    return latents;
}

at::Tensor latents_of(std::vector<TrialOutcome> const& outcomes)
{
    std::vector<at::Tensor> rows;
    for (TrialOutcome const& outcome : outcomes)
    {
        rows.push_back(at::tensor(outcome.latent));
    }
    return at::stack(rows);
}

}  // namespace

TEST_CASE("Every task by every method: the frozen engine takes the path of the autograd engine")
{
    for (CellSpec const& cell : all_problems())
    {
        for (Method const method : methods)
        {
            BlockSpec const block = block_of(cell, method);
            auto const frozen = run(block);
            auto const reference = run(block, reference_evaluators(at::kCPU));
            for (std::size_t i = 0; i < frozen.size(); ++i)
            {
                INFO(describe(cell) << ", noise " << cell.problem.noise << ", method "
                                    << static_cast<int>(method) << ", trial " << frozen[i].trial);
                CHECK(frozen[i].trial == block.first + static_cast<std::int64_t>(i));
                CHECK(frozen[i].iterations == (method == Method::restarts
                                                   ? restart_steps
                                                   : block.budget.steps + final_steps));
                CHECK(frozen[i].iterations == reference[i].iterations);
                CHECK(frozen[i].objective ==
                      Approx(reference[i].objective).epsilon(1e-3).margin(1e-10));
                CHECK(frozen[i].pixel_error == Approx(reference[i].pixel_error).epsilon(1e-3));
                if (has_latent(cell.problem.task))
                {
                    CHECK(frozen[i].distance == Approx(reference[i].distance).margin(1e-3));
                }
                else
                {
                    CHECK(std::isnan(frozen[i].distance));
                    CHECK_FALSE(frozen[i].success);
                    CHECK(frozen[i].first_hit == TrialOutcome::never);
                }
            }
        }
    }
}

TEST_CASE("Every task by every method: the same bits every time, the same trials in any block")
{
    for (CellSpec const& cell : all_problems())
    {
        for (Method const method : methods)
        {
            INFO(describe(cell) << ", method " << static_cast<int>(method));
            BlockSpec const block = block_of(cell, method);
            auto const whole = run(block);
            CHECK(same(run(block), whole));
            // Another batch size may round otherwise.
            BlockSpec part = block;
            part.first = 6;
            part.count = 2;
            auto const outcomes = run(part);
            CHECK(at::allclose(latents_of(outcomes), latents_of(whole).slice(0, 2, 4), 1e-3, 1e-4));
            CHECK(outcomes[1].objective == Approx(whole[3].objective).epsilon(1e-3).margin(1e-6));
        }
    }
}

TEST_CASE("An approximation is judged against the whole test image, without noise")
{
    CellSpec cell = seen_through(Operator::gaussian, 40);
    cell.problem.task = Task::approximation;
    cell.problem.noise = 0.3;
    BlockSpec const block = block_of(cell, Method::adam);
    model::Network const network(relu_network(latent_dim, 2),
                                 relu_chain().read(snapshots - 1).generator, at::kCPU, at::kDouble);
    for (TrialOutcome const& outcome : run(block))
    {
        RandomStream stream = block.cell.stream(Purpose::target_image, outcome.trial);
        auto const image = static_cast<std::size_t>(stream.below(20));
        at::Tensor const generated = network.forward(
            at::tensor(outcome.latent).to(at::kDouble).unsqueeze(0), model::Mode::evaluation);
        double sum = 0;
        for (std::size_t pixel = 0; pixel < 784; ++pixel)
        {
            double const error = generated[0][static_cast<std::int64_t>(pixel)].item<double>() -
                                 test_images().pixels[image * 784 + pixel] / 255.0;
            sum += error * error;
        }
        CHECK(outcome.pixel_error == Approx(std::sqrt(sum / 784)).epsilon(1e-4));
    }
}

TEST_CASE("Surfing rides as the plain loop does, by every schedule, with Adam's state or without")
{
    CellSpec inversion = seen_through(Operator::identity, 0);
    inversion.problem.task = Task::inversion;
    for (ScheduleEntry const& schedule : schedule_table)
    {
        if (schedule.kind == Schedule::adaptive)
        {
            continue;  // more than one ride
        }
        std::vector<at::Tensor> ends;
        for (AdamStateEntry const& state : adam_state_table)
        {
            BlockSpec block = block_of(inversion, Method::surfing);
            block.cell.surfing.schedule = schedule.kind;
            block.cell.surfing.ratio = 0.7;
            block.cell.surfing.adam_state = state.kind;
            auto const outcomes = run(block, reference_evaluators(at::kCPU));
            INFO(schedule.name << ", " << state.name);
            CHECK(outcomes.front().iterations == block.budget.steps + final_steps);
            ends.push_back(latents_of(outcomes));
            CHECK(at::allclose(ends.back(), surf_plainly(block), 1e-5, 1e-6));
        }
        CHECK_FALSE(at::allclose(ends[0], ends[1], 1e-2, 1e-2));
    }
}

TEST_CASE("Restarts share the first start with adam and never end above it")
{
    for (CellSpec const& cell : all_problems())
    {
        BlockSpec const adam = block_of(cell, Method::adam);
        BlockSpec restarts = block_of(cell, Method::restarts);
        restarts.budget.evaluations = 2 * (final_steps + 1);
        CHECK(same(run(adam), run(restarts)));
        restarts.budget.evaluations = restart_evaluations;
        auto const first = run(adam);
        auto const best = run(restarts);
        for (std::size_t i = 0; i < best.size(); ++i)
        {
            CHECK(best[i].iterations == restart_steps);
            CHECK(best[i].objective <= first[i].objective);
        }
    }
}
