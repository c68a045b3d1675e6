#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "base/name_table.hpp"
#include "landscape/small_surfaces.hpp"
#include "spec/method.hpp"
#include "trial/short_block.hpp"
#include "trial/trace.hpp"

using namespace surf;
using namespace surf::trial;
using namespace surf::test;

namespace
{

TrialTrace trace(BlockSpec const& block, std::int64_t row, std::int64_t most_points = 1'000'000)
{
    static data::TestImages const images = test::random_images(20);
    Checkpoint checkpoint;
    return trace_trial(block, row, {small_chain().reader(), &images}, at::kCPU,
                       frozen_evaluators(at::kCPU), checkpoint, most_points);
}

void check_path(TrialTrace const& trace, bool has_latent)
{
    Path const& path = trace.path;
    std::size_t const points = path.evaluations.size();
    REQUIRE(points > 1);
    CHECK(path.snapshot.size() == points);
    CHECK(path.objective.size() == points);
    CHECK(path.latents.size(0) == static_cast<std::int64_t>(points));
    CHECK(path.evaluations.front() <= latent_dim + 1);  // a first Jacobian may come before
    CHECK(std::ranges::is_sorted(path.evaluations));
    CHECK(path.start.front() == 0);
    CHECK(std::ranges::is_sorted(path.start));
    CHECK(path.evaluations.back() <= trace.outcome.network_evaluations);
    CHECK(at::equal(path.latents[0], trace.initial_latent));
    if (path.start.back() > 0)
    {
        return;  // x̂ may be another start's
    }
    CHECK(path.evaluations.back() == trace.outcome.network_evaluations);
    CHECK(at::equal(path.latents[-1], at::tensor(trace.outcome.latent)));
    CHECK(path.objective.back() == Approx(trace.outcome.objective).epsilon(1e-4).margin(1e-7));
    CHECK(std::isnan(path.distance.back()) == !has_latent);
    if (has_latent)
    {
        CHECK(path.distance.back() == Approx(trace.outcome.distance).epsilon(1e-5));
    }
}

}  // namespace

TEST_CASE("a trial that is watched goes as in its block, from its start to its end", "[trace]")
{
    data::TestImages const images = test::random_images(20);
    for (Task const task : {Task::inversion, Task::approximation})
    {
        for (MethodEntry const& method : method_table)
        {
            CAPTURE(method.name, name_of(task_table, task));
            BlockSpec const block = short_block(task, Operator::identity, method.kind);
            Checkpoint checkpoint;
            auto const outcomes = run_block(block, {small_chain().reader(), &images}, at::kCPU,
                                            frozen_evaluators(at::kCPU), checkpoint);
            for (std::int64_t row = 0; row < block.count; ++row)
            {
                TrialTrace const watched = trace(block, row);
                TrialOutcome const& expected = outcomes[static_cast<std::size_t>(row)];
                CHECK(watched.outcome.trial == block.first + row);
                CHECK(watched.outcome.latent == expected.latent);
                CHECK(watched.outcome.network_evaluations == expected.network_evaluations);
                check_path(watched, has_latent(task));
            }
        }
    }
}

TEST_CASE("a path says on which network it was", "[trace]")
{
    std::int64_t const last = small_chain().reader().snapshots() - 1;
    auto const snapshots_of = [&](Method method, Precision precision = Precision::float32) {
        BlockSpec block = short_block(Task::inversion, Operator::identity, method);
        block.cell.precision = precision;
        return trace(block, 1).path.snapshot;
    };
    for (Method const method : {Method::surfing, Method::surfing_lm, Method::projected})
    {
        auto const snapshots = snapshots_of(method);
        CHECK(std::ranges::is_sorted(snapshots));
        CHECK(snapshots.front() < last);
        CHECK(snapshots.back() == last);
    }
    BlockSpec const again = short_block(Task::inversion, Operator::identity, Method::restarts);
    CHECK(trace(again, 1).path.start.back() > 0);
    for (Precision const precision : {Precision::float32, Precision::mixed})
    {
        auto const snapshots = snapshots_of(Method::adam, precision);
        CHECK(std::ranges::count(snapshots, last) == std::ssize(snapshots));
    }
}

TEST_CASE("a path is thinned out evenly between its ends", "[trace]")
{
    BlockSpec const block = short_block(Task::inversion, Operator::identity, Method::adam);
    Path const whole = trace(block, 0).path;
    Path const thin = trace(block, 0, 4).path;
    std::size_t const last = whole.evaluations.size() - 1;
    REQUIRE(last > 6);
    REQUIRE(thin.evaluations.size() == 4);
    for (std::size_t i = 0; i < 4; ++i)
    {
        std::size_t const point = i * last / 3;
        CHECK(thin.evaluations[i] == whole.evaluations[point]);
        CHECK(thin.objective[i] == whole.objective[point]);
    }
}

TEST_CASE("what a trial looks for and finds fits together", "[trace]")
{
    BlockSpec const block = short_block(Task::recovery, Operator::gaussian, Method::adam);
    TrialTrace const watched = trace(block, 1);
    auto const measured_by = draw_operator(block.cell, block.first + 1, 1);
    auto const measure = [&](at::Tensor const& image) {
        return measured_by.apply(image.unsqueeze(0))[0];
    };
    CHECK(at::allclose(watched.measured, measure(watched.target_image), 1e-5, 1e-6));
    CHECK(
        at::allclose(watched.measured_reconstruction, measure(watched.reconstruction), 1e-5, 1e-6));
    CHECK(at::allclose(watched.back_projection,
                       measured_by.adjoint(watched.measured.unsqueeze(0))[0], 1e-5, 1e-6));
    auto const off = watched.measured_reconstruction - watched.measured;
    CHECK(0.5 * off.pow(2).sum().item<double>() == Approx(watched.outcome.objective).epsilon(1e-4));
}
