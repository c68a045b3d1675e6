#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "trial/checkpoint.hpp"
#include "trial/engine.hpp"
#include "trial/short_block.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::trial;
using namespace surf::test;

namespace
{

std::vector<TrialOutcome> run(BlockSpec const& block, Checkpoint& checkpoint)
{
    return run_block(block, {small_chain().reader()}, at::kCPU, frozen_evaluators(at::kCPU),
                     checkpoint);
}

/// What a search that was broken off left, or its outcomes.
struct Part
{
    std::vector<std::uint8_t> state;
    std::int64_t steps = 0;
    std::optional<std::vector<TrialOutcome>> outcomes;
};

/// Goes on from a state for so many steps.
Part run_some(BlockSpec const& block, std::vector<std::uint8_t> const& found, std::int64_t steps)
{
    Part part;
    std::stop_source source;
    auto const keep = [&](SearchState const& state) {
        part.state = bytes_of(state);
        if (++part.steps == steps)
        {
            source.request_stop();
        }
    };
    Checkpoint checkpoint(source.get_token(),
                          found.empty() ? SearchState() : search_state_of(found), keep, {});
    try
    {
        part.outcomes = run(block, checkpoint);
    }
    catch (Interrupted const&)
    {}
    return part;
}

struct Variant
{
    std::string_view name;
    Method method;
    std::function<void(CellSpec&)> change = [](CellSpec&) {};
};

std::vector<Variant> variants()
{
    std::vector<Variant> all = {
        {"surfing in two attempts", Method::surfing,
         [](CellSpec& cell) { cell.surfing.schedule = Schedule::adaptive; }},
        {"surfing with moments kept", Method::surfing,
         [](CellSpec& cell) { cell.surfing.adam_state = AdamState::keep; }},
        {"adam, polished", Method::adam, [](CellSpec& cell) { cell.polish.by = Polish::lm; }},
        {"adam, mixed", Method::adam, [](CellSpec& cell) { cell.precision = Precision::mixed; }},
        {"surfing_lm, ever denser", Method::surfing_lm,
         [](CellSpec& cell) { cell.surfing_lm.schedule = LmSchedule::adaptive; }},
        {"lm, exact", Method::lm, [](CellSpec& cell) { cell.lm.jacobian = JacobianUpdate::exact; }},
    };
    for (MethodEntry const& method : method_table)
    {
        all.push_back({method.name, method.kind});
    }
    return all;
}

constexpr std::int64_t endless = 1'000'000'000;

}  // namespace

TEST_CASE("a search that is broken off ends as one that is not")
{
    for (Variant const& variant : variants())
    {
        BlockSpec block = short_block(Task::recovery, Operator::gaussian, variant.method);
        variant.change(block.cell);
        Part const whole = run_some(block, {}, endless);
        REQUIRE(whole.outcomes);
        REQUIRE(whole.steps > 4);
        CHECK((*whole.outcomes == run(block, uninterrupted())));
        for (std::int64_t const share : {0, 1, 2, 3})
        {
            // Broken off twice: early or late, and soon again.
            std::int64_t const steps = 1 + share * (whole.steps - 4) / 3;
            CAPTURE(variant.name, whole.steps, steps);
            Part const first = run_some(block, {}, steps);
            REQUIRE_FALSE(first.outcomes);
            Part const second = run_some(block, first.state, 1);
            REQUIRE_FALSE(second.outcomes);
            Part const last = run_some(block, second.state, endless);
            REQUIRE(last.outcomes);
            CHECK((*last.outcomes == *whole.outcomes));
            // Nothing is done twice.
            CHECK(first.steps + second.steps + last.steps <= whole.steps + 4);
        }
    }
}

TEST_CASE("a state that is none, or of another search, is not gone on from")
{
    CHECK_THROWS_AS(search_state_of({1, 2, 3}), FileError);
    BlockSpec const adam = short_block(Task::inversion, Operator::identity, Method::adam);
    BlockSpec const lm = short_block(Task::inversion, Operator::identity, Method::lm);
    Part const part = run_some(adam, {}, 3);
    Part const other = run_some(lm, part.state, endless);
    REQUIRE(other.outcomes);
    CHECK((*other.outcomes == run(lm, uninterrupted())));
}

TEST_CASE("a state is kept when it is time to, and not before")
{
    BlockSpec const block = short_block(Task::inversion, Operator::identity, Method::adam);
    std::int64_t kept = 0;
    Checkpoint checkpoint(
        {}, {}, [&](SearchState const&) { ++kept; }, std::chrono::hours(1));
    run(block, checkpoint);
    CHECK(kept == 0);
}

TEST_CASE("a watch sees the block's rows, whichever a loop has of them", "[checkpoint]")
{
    struct OneStep
    {
        std::vector<std::int64_t> rows;  ///< of those announced
        bool over = false;

        bool done() const { return over; }
        void advance() { over = true; }
        LoopState state() { return {}; }
        void restore(LoopState const&) {}
        Sighting sight() const { return {at::tensor(rows, at::kLong), {}, {}}; }
    };
    Checkpoint checkpoint;
    std::vector<Sighting> seen;
    checkpoint.set_watch([&](Sighting const& sighting) { seen.push_back(sighting); });
    auto const run_over = [&](std::vector<std::int64_t> const& rows) {
        OneStep loop{rows};
        checkpoint.run(loop);
    };
    checkpoint.announce({3, 5, 6, 9}, 40);
    run_over({0, 2});
    at::Tensor const all = checkpoint.narrow(at::tensor({1, 3}, at::kLong));
    run_over({0, 1});
    checkpoint.widen(all);
    run_over({3});
    checkpoint.announce({5}, 7);
    run_over({0});

    std::vector<std::vector<std::int64_t>> const rows = {{3, 6}, {5, 9}, {9}, {5}};
    REQUIRE(seen.size() == rows.size());
    for (std::size_t i = 0; i < seen.size(); ++i)
    {
        CHECK(at::equal(seen[i].rows, at::tensor(rows[i], at::kLong)));
        CHECK(seen[i].snapshot == (i < 3 ? 40 : 7));
        CHECK(seen[i].search == (i < 3 ? 0 : 1));
    }
}
