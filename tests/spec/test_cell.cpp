#include <algorithm>
#include <catch2/catch.hpp>
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
          "algorithm = 10\n"
          "chain = 00112233445566778899aabbccddeeff\n"
          "draw = trial\n"
          "goal.relative_change = 0.0001\n"
          "goal.relative_target = 1e-12\n"
          "goal.success_distance = 0.01\n"
          "measurements = 100\n"
          "method = surfing\n"
          "noise = 0\n"
          "operator = gaussian\n"
          "polish.by = none\n"
          "precision.type = float32\n"
          "seed = 7\n"
          "stop.max_iterations = 50000\n"
          "stop.window = 200\n"
          "surfing.adam_state = reset\n"
          "surfing.budget = first_hits\n"
          "surfing.ratio = 0.95\n"
          "surfing.schedule = geometric\n"
          "target_scale = 1\n"
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
    cell.generator.label = "other";  // what the generator is, the chain's id says
    CHECK(cell.id() == id);

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

    cell.problem.measured_by = Operator::block_average;
    CHECK_FALSE(cell.canonical().entries().contains("draw"));  // nothing is drawn

    cell.problem.measured_by = Operator::identity;
    CHECK(cell.canonical().entries().at("measurements") == "784");
    CHECK_FALSE(cell.canonical().entries().contains("draw"));
}

TEST_CASE("an id changes with whatever affects the outcomes", "[trial_spec]")
{
    std::vector<BlockId> const ids = {
        small_block().id(),
        id_with([](BlockSpec& block) { block.first = 0; }),
        id_with([](BlockSpec& block) { block.count = 11; }),
        id_with([](BlockSpec& block) { block.budget.steps = 0; }),
        id_with([](BlockSpec& block) { block.budget.evaluations = 9; }),
        id_with([](BlockSpec& block) { block.cell.problem.seed = 8; }),
        id_with([](BlockSpec& block) { block.cell.chain = ChainId::from_hex("ff"); }),
        id_with([](BlockSpec& block) { block.cell.method = Method::adam; }),
        id_with([](BlockSpec& block) { block.cell.method = Method::restarts; }),
        id_with([](BlockSpec& block) { block.cell.problem.task = Task::approximation; }),
        id_with([](BlockSpec& block) { block.cell.problem.measured_by = Operator::mask; }),
        id_with([](BlockSpec& block) { block.cell.problem.measurements = 50; }),
        id_with([](BlockSpec& block) { block.cell.problem.draw = Draw::shared; }),
        id_with([](BlockSpec& block) { block.cell.problem.noise = 0.1; }),
        id_with([](BlockSpec& block) { block.cell.adam.beta2 = 0.99; }),
        id_with([](BlockSpec& block) { block.cell.stop.window = 100; }),
        id_with([](BlockSpec& block) { block.cell.surfing.ratio = 0.9; }),
        id_with([](BlockSpec& block) { block.cell.surfing.adam_state = AdamState::keep; }),
        id_with([](BlockSpec& block) { block.cell.surfing.budget = SurfingBudget::steps; }),
        id_with([](BlockSpec& block) { block.cell.problem.target_scale = 2; }),
        id_with([](BlockSpec& block) { block.cell.precision = Precision::mixed; }),
    };
    BlockIds const of_cell(small_block().cell);
    CHECK(of_cell.of(50, 10, {471, 9000}) == ids[0]);
    CHECK(of_cell.of(0, 10, {471, 9000}) == ids[1]);
    CHECK(of_cell.of(50, 10, {0, 9000}) == ids[3]);
    for (std::size_t i = 0; i < ids.size(); ++i)
    {
        CHECK(std::count(ids.begin(), ids.end(), ids[i]) == 1);
    }
}

TEST_CASE("a restarting method's id has the settings of those that its budget follows from",
          "[trial_spec]")
{
    CellSpec cell = small_block().cell;
    cell.method = Method::restarts_lm;
    auto const ids_with = [&](RestartSettings const& restarts) {
        cell.restarts = restarts;
        CellSpec other = cell;
        other.surfing_lm.every = 7;
        CellSpec unrelated = cell;
        unrelated.surfing.ratio = 0.5;
        CHECK(unrelated.id() == cell.id());
        return std::pair(cell.id(), other.id());
    };
    auto const [family, changed] = ids_with({});
    CHECK(family != changed);  // as much as surfing-lm takes: that depends on its stride
    CHECK(ids_with({.as_much_as = Method::surfing_lm}).first == family);
    auto const [as_lm, as_lm_changed] = ids_with({.as_much_as = Method::lm});
    CHECK(as_lm == as_lm_changed);
    auto const [number, number_changed] = ids_with({.evaluations = 300});
    CHECK(number == number_changed);
    CHECK(std::set{family, as_lm, number}.size() == 3);
}

TEST_CASE("budgets come from the methods that the settings name", "[trial_spec]")
{
    using Needs = std::vector<BudgetNeed>;
    BudgetNeed const hits{Method::adam, BudgetRule::first_hits};
    BudgetNeed const steps{Method::adam, BudgetRule::steps};
    SurfingSettings surfing;
    CHECK(budget_needs(Method::adam, surfing, {}).empty());
    CHECK(budget_needs(Method::surfing_lm, surfing, {}).empty());
    CHECK(budget_needs(Method::surfing, surfing, {}) == Needs{hits});
    CHECK(budget_needs(Method::restarts_surfing, surfing, {}) ==
          Needs{hits, {Method::surfing, BudgetRule::evaluations}});
    CHECK(budget_needs(Method::restarts, surfing, {}) ==
          Needs{{Method::surfing, BudgetRule::evaluations}});
    CHECK(budget_needs(Method::restarts_surfing_lm, surfing, {}) ==
          Needs{{Method::surfing_lm, BudgetRule::evaluations}});
    CHECK(budget_needs(Method::restarts_lm, surfing, {.evaluations = 9}).empty());
    surfing.budget = SurfingBudget::steps;
    CHECK(budget_needs(Method::restarts_surfing, surfing, {.as_much_as = Method::lm}) ==
          Needs{steps, {Method::lm, BudgetRule::evaluations}});
}

TEST_CASE("methods, draws, noises and generators share the random streams of a problem",
          "[trial_spec]")
{
    CellSpec const cell = small_block().cell;
    auto const first = [](CellSpec const& of, std::int64_t trial = 3) {
        return of.stream(Purpose::target_latent, trial).normal();
    };
    CellSpec alike = cell;
    alike.method = Method::lm;
    alike.problem.draw = Draw::shared;
    alike.problem.noise = 0.1;
    alike.chain = ChainId::from_hex("ff");
    alike.generator.label = "other";
    CHECK(first(alike) == first(cell));
    CHECK(first(cell, 4) != first(cell));
    CHECK(cell.stream(Purpose::initial_latent, 3).normal() != first(cell));

    auto const differs = [&](auto change) {
        CellSpec other = cell;
        change(other);
        return first(other) != first(cell);
    };
    CHECK(differs([](CellSpec& other) { ++other.problem.seed; }));
    CHECK(differs([](CellSpec& other) { other.problem.task = Task::approximation; }));
    CHECK(differs([](CellSpec& other) { other.problem.measured_by = Operator::mask; }));
    CHECK(differs([](CellSpec& other) { --other.problem.measurements; }));
    CHECK(differs([](CellSpec& other) { ++other.generator.latent_dim; }));
}

TEST_CASE("where A = I every number of the image is a measurement", "[trial_spec]")
{
    CellSpec cell = small_block().cell;
    CHECK(cell.measurements() == 100);
    cell.problem.measured_by = Operator::identity;
    CHECK(cell.measurements() == 784);
    cell.generator.image = {3, 64, 64};
    CHECK(cell.measurements() == 3 * 64 * 64);
}

TEST_CASE("an operator takes the numbers of measurements that it can give", "[trial_spec]")
{
    using Numbers = std::set<std::int64_t>;
    struct Case
    {
        Shape image;
        Numbers averages;
    };
    for (Case const& with : {Case{{1, 28, 28}, {196, 49, 16, 4, 1}}, Case{{3, 8, 4}, {24, 6}},
                             Case{{2, 6, 9}, {12}}, Case{{5, 1, 4}, {}}})
    {
        std::int64_t const size = with.image.size();
        for (std::int64_t m = -1; m <= size + 10; ++m)
        {
            INFO(with.image.text() << ", m = " << m);
            auto const gives = [&](Operator measured_by) {
                return entry_of(measured_by).gives(with.image, m);
            };
            bool const some_rows = m >= 1 && m <= size;
            CHECK(gives(Operator::identity) == (m == size));
            CHECK(gives(Operator::block_average) == with.averages.contains(m));
            CHECK(gives(Operator::gaussian) == some_rows);
            CHECK(gives(Operator::mask) == some_rows);
        }
    }
    CHECK(block_side({1, 28, 28}, 49) == 4);
    CHECK(block_side({3, 8, 4}, 6) == 4);
    CHECK(block_side({3, 8, 4}, 96) == 0);  // blocks of one pixel are A = I
    CHECK(entry_of(Operator::gaussian).drawn);
    CHECK(entry_of(Operator::mask).drawn);
    CHECK_FALSE(entry_of(Operator::identity).drawn);
    CHECK_FALSE(entry_of(Operator::block_average).drawn);
}
