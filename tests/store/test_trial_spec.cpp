#include <algorithm>
#include <catch2/catch.hpp>

#include "store/small_outcomes.hpp"

using namespace surf;
using namespace surf::test;

namespace
{

/// The block's id after a change.
template <class Change>
BlockId id_with(Change change)
{
    trial::BlockSpec block = small_block();
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
          "algorithm = 1\n"
          "chain = 00112233445566778899aabbccddeeff\n"
          "latent_dim = 5\n"
          "measurements = 100\n"
          "method = surfing\n"
          "model = dcgan\n"
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
    trial::CellSpec cell = small_block().cell;
    cell.method = trial::Method::adam;
    CellId const id = cell.id();
    cell.surfing.ratio = 0.5;
    CHECK(cell.id() == id);
    CHECK(cell.canonical().text().find("surfing") == std::string::npos);

    cell.method = trial::Method::surfing;
    cell.surfing.schedule = trial::Schedule::linear;
    CHECK_FALSE(cell.canonical().entries().contains("surfing.ratio"));

    cell.problem.task = trial::Task::inversion;
    CHECK(cell.canonical().entries().at("measurements") == "784");
}

TEST_CASE("an id changes with whatever affects the outcomes", "[trial_spec]")
{
    std::vector<BlockId> const ids = {
        small_block().id(),
        id_with([](trial::BlockSpec& block) { block.first = 0; }),
        id_with([](trial::BlockSpec& block) { block.count = 11; }),
        id_with([](trial::BlockSpec& block) { block.budget = 0; }),
        id_with([](trial::BlockSpec& block) { block.cell.problem.seed = 8; }),
        id_with([](trial::BlockSpec& block) { block.cell.problem.latent_dim = 6; }),
        id_with([](trial::BlockSpec& block) { block.cell.chain = ChainId::from_hex("ff"); }),
        id_with([](trial::BlockSpec& block) { block.cell.method = trial::Method::adam; }),
        id_with([](trial::BlockSpec& block) { block.cell.adam.beta2 = 0.99; }),
        id_with([](trial::BlockSpec& block) { block.cell.stop.window = 100; }),
        id_with([](trial::BlockSpec& block) { block.cell.surfing.ratio = 0.9; }),
        id_with([](trial::BlockSpec& block) {
            block.cell.surfing.adam_state = trial::AdamState::reset;
        }),
    };
    for (std::size_t i = 0; i < ids.size(); ++i)
    {
        CHECK(std::count(ids.begin(), ids.end(), ids[i]) == 1);
    }
}

TEST_CASE("methods and seeds of a problem share the domain of its random streams", "[trial_spec]")
{
    trial::Problem problem = small_block().cell.problem;
    CHECK(problem.stream_domain() == "dcgan/5/recovery/100");
    problem.task = trial::Task::inversion;
    CHECK(problem.stream_domain() == "dcgan/5/inversion/784");
}
