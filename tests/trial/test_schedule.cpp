#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <numeric>

#include "trial/schedule.hpp"

using namespace surf;
using namespace surf::trial;

TEST_CASE("Every schedule spends the budget exactly and never more later")
{
    for (ScheduleEntry const& entry : schedule_table)
    {
        for (std::int64_t const snapshots : {1, 3, 100})
        {
            for (std::int64_t const budget : {0, 1, 7, 100, 471, 20000})
            {
                SurfingSettings settings;
                settings.schedule = entry.kind;
                auto const steps = spread_budget(settings, snapshots, budget);
                INFO(entry.name << ", " << snapshots << " snapshots, budget " << budget);
                REQUIRE(std::ssize(steps) == snapshots);
                CHECK(std::accumulate(steps.begin(), steps.end(), std::int64_t{0}) == budget);
                CHECK(std::ranges::min(steps) >= 0);
                // Rounding may lift a step by one above its predecessor, no more.
                CHECK(std::ranges::adjacent_find(steps, [](auto before, auto after) {
                          return after > before + 1;
                      }) == steps.end());
            }
        }
    }
}

TEST_CASE("Every schedule but uniform gives each snapshot fewer steps than the one before")
{
    for (ScheduleEntry const& entry : schedule_table)
    {
        SurfingSettings settings;
        settings.schedule = entry.kind;
        // So many that no rounding hides the decrease over the paper's 100 snapshots.
        auto const steps = spread_budget(settings, 100, 1'000'000);
        INFO(entry.name);
        if (entry.kind == Schedule::uniform)
        {
            CHECK(std::ranges::min(steps) == std::ranges::max(steps));
        }
        else
        {
            CHECK(std::ranges::adjacent_find(steps, std::ranges::less_equal{}) == steps.end());
        }
    }
}

TEST_CASE("Schedules have the weights that they are named for")
{
    SurfingSettings settings;
    settings.schedule = Schedule::linear;
    CHECK(spread_budget(settings, 4, 100) == std::vector<std::int64_t>{40, 30, 20, 10});
    settings.schedule = Schedule::inverse;
    CHECK(spread_budget(settings, 3, 110) == std::vector<std::int64_t>{60, 30, 20});
    settings.schedule = Schedule::uniform;
    CHECK(spread_budget(settings, 4, 10) == std::vector<std::int64_t>{3, 3, 2, 2});
    settings.schedule = Schedule::geometric;
    settings.ratio = 0.5;
    CHECK(spread_budget(settings, 3, 70) == std::vector<std::int64_t>{40, 20, 10});
}
