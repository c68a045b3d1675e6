#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "store/small_outcomes.hpp"

using namespace surf;
using namespace surf::test;

namespace
{

/// The block's id after a change.
template <class Change>
BlockId id_with(Change change)
{
    BlockSpec block = small_block();
    change(block);
    return block.id();
}

}  // namespace

TEST_CASE("a surfing cell's text names all that affects it", "[trial_spec]")
{
    CHECK(small_block().cell.canonical().text() ==
          "adam.beta1 = 0.9\n"
          "adam.beta2 = 0.999\n"
          "adam.epsilon = 1e-08\n"
          "adam.learning_rate = 0.01\n"
          "algorithm = 7\n"
          "chain = 00112233445566778899aabbccddeeff\n"
          "draw = trial\n"
          "latent_dim = 5\n"
          "measurements = 100\n"
          "method = surfing\n"
          "model = dcgan\n"
          "noise = 0\n"
          "operator = gaussian\n"
          "precision = float32\n"
          "seed = 7\n"
          "stop.max_iterations = 50000\n"
          "stop.relative_change = 0.0001\n"
          "stop.relative_target = 1e-12\n"
          "stop.success_distance = 0.01\n"
          "stop.window = 200\n"
          "surfing.adam_state = keep\n"
          "surfing.ratio = 0.95\n"
          "surfing.schedule = geometric\n"
          "task = recovery\n");
}

TEST_CASE("what does not affect a cell is no part of it", "[trial_spec]")
{
    CellSpec cell = small_block().cell;
    cell.method = Method::adam;
    CellId const id = cell.id();
    cell.surfing.ratio = 0.5;
    CHECK(cell.id() == id);
    CHECK(cell.canonical().text().find("surfing") == std::string::npos);

    cell.method = Method::projected;
    CellId const projected = cell.id();
    cell.precision = Precision::mixed;
    cell.surfing.ratio = 0.7;
    CHECK(cell.id() == projected);
    cell.projected.slack = 0.5;
    CHECK(cell.id() != projected);
    cell.precision = Precision::float32;

    cell.method = Method::surfing;
    cell.surfing.schedule = Schedule::linear;
    CHECK_FALSE(cell.canonical().entries().contains("surfing.ratio"));

    cell.problem.measurement = Operator::block_average;
    CHECK_FALSE(cell.canonical().entries().contains("draw"));  // nothing is drawn

    cell.problem.measurement = Operator::identity;
    CHECK(cell.canonical().entries().at("measurements") == "784");
    CHECK_FALSE(cell.canonical().entries().contains("draw"));
}

TEST_CASE("an id changes with whatever affects the outcomes", "[trial_spec]")
{
    std::vector<BlockId> const ids = {
        small_block().id(),
        id_with([](BlockSpec& block) { block.first = 0; }),
        id_with([](BlockSpec& block) { block.count = 11; }),
        id_with([](BlockSpec& block) { block.budget = 0; }),
        id_with([](BlockSpec& block) { block.cell.problem.seed = 8; }),
        id_with([](BlockSpec& block) { block.cell.problem.latent_dim = 6; }),
        id_with([](BlockSpec& block) { block.cell.chain = ChainId::from_hex("ff"); }),
        id_with([](BlockSpec& block) { block.cell.method = Method::adam; }),
        id_with([](BlockSpec& block) { block.cell.method = Method::restarts; }),
        id_with([](BlockSpec& block) { block.cell.problem.task = Task::approximation; }),
        id_with([](BlockSpec& block) { block.cell.problem.measurement = Operator::mask; }),
        id_with([](BlockSpec& block) { block.cell.problem.measurements = 50; }),
        id_with([](BlockSpec& block) { block.cell.problem.draw = Draw::shared; }),
        id_with([](BlockSpec& block) { block.cell.problem.noise = 0.1; }),
        id_with([](BlockSpec& block) { block.cell.adam.beta2 = 0.99; }),
        id_with([](BlockSpec& block) { block.cell.stop.window = 100; }),
        id_with([](BlockSpec& block) { block.cell.surfing.ratio = 0.9; }),
        id_with([](BlockSpec& block) { block.cell.surfing.adam_state = AdamState::reset; }),
        id_with([](BlockSpec& block) { block.cell.precision = Precision::mixed; }),
    };
    for (std::size_t i = 0; i < ids.size(); ++i)
    {
        CHECK(std::count(ids.begin(), ids.end(), ids[i]) == 1);
    }
}

TEST_CASE("methods, seeds, draws and noises of a problem share the domain of its random streams",
          "[trial_spec]")
{
    Problem problem = small_block().cell.problem;
    problem.draw = Draw::shared;
    problem.noise = 0.1;
    CHECK(problem.stream_domain() == "dcgan/5/recovery/gaussian/100");
    problem.task = Task::inversion;
    problem.measurement = Operator::identity;
    CHECK(problem.stream_domain() == "dcgan/5/inversion/identity/784");
}

TEST_CASE("an operator takes the numbers of measurements that it can give", "[trial_spec]")
{
    std::map<Operator, std::set<std::int64_t>> const expected = {
        {Operator::identity, {784}},
        {Operator::block_average, {196, 49, 16, 4, 1}},
    };
    for (std::int64_t m = -1; m <= 800; ++m)
    {
        INFO("m = " << m);
        for (auto const& [measurement, valid] : expected)
        {
            CHECK(valid_measurements(measurement, m) == valid.contains(m));
        }
        bool const some_rows = m >= 1 && m <= 784;
        CHECK(valid_measurements(Operator::gaussian, m) == some_rows);
        CHECK(valid_measurements(Operator::mask, m) == some_rows);
    }
    CHECK(is_drawn(Operator::gaussian));
    CHECK(is_drawn(Operator::mask));
    CHECK_FALSE(is_drawn(Operator::identity));
    CHECK_FALSE(is_drawn(Operator::block_average));
}
