#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "reduce/training_spread.hpp"

using namespace surf;
using namespace surf::reduce;

namespace
{

/// So many trainings, all with this many successes of 300.
TrainingSpread alike(std::size_t trainings, std::int64_t successes)
{
    return spread_of_rates(std::vector<TrainingTrials>(trainings, {successes, 300}));
}

}  // namespace

TEST_CASE("trainings that agree leave what their trials leave open", "[training_spread]")
{
    TrainingSpread const spread = alike(4, 150);
    CHECK(spread.mean == 0.5);
    CHECK(spread.between == 0);
    // Of one training 1.96 sd: 2.8 %; of the mean of four half of that, of a fifth √(5/4) of it.
    double const sd = std::sqrt(0.25 / 300);
    CHECK(spread.within == Approx(sd));
    CHECK(spread.interval.high - 0.5 == Approx(1.96 * sd / 2).epsilon(0.01));
    CHECK(0.5 - spread.interval.low == Approx(1.96 * sd / 2).epsilon(0.01));
    CHECK(spread.next.high - 0.5 == Approx(1.96 * sd * std::sqrt(1.25)).epsilon(0.01));
}

TEST_CASE("an interval holds the mean where all succeed, or none", "[training_spread]")
{
    for (std::size_t const trainings : {2U, 3U, 30U})
    {
        TrainingSpread const all = alike(trainings, 300);
        CHECK(all.mean == 1);
        CHECK(all.interval.high == 1);
        CHECK(all.next.high == 1);
        CHECK(all.interval.low < 1);
        CHECK(all.next.low < all.interval.low);
        CHECK(all.next.low > 0.98);
        TrainingSpread const none = alike(trainings, 0);
        CHECK(none.mean == 0);
        CHECK(none.interval.low == 0);
        CHECK(none.next.low == 0);
        CHECK(none.interval.high > 0);
        CHECK(none.next.high < 0.02);
    }
}

TEST_CASE("one training says nothing of the spread, none nothing at all", "[training_spread]")
{
    for (TrainingSpread const& spread :
         {alike(1, 150), spread_of_counts(std::vector<double>{471}),
          spread_of_differences(std::vector<TrainingPairs>{{9, 2, 100}})})
    {
        CHECK(std::isfinite(spread.mean));
        CHECK(std::isnan(spread.interval.low));
        CHECK(std::isnan(spread.next.high));
        CHECK(std::isnan(spread.between));
    }
    CHECK(std::isnan(alike(0, 0).mean));
    CHECK(std::isnan(spread_of_counts({}).mean));
}

TEST_CASE("counts spread on a logarithmic scale", "[training_spread]")
{
    TrainingSpread const spread = spread_of_counts(std::vector<double>{100, 400});
    CHECK(spread.mean == Approx(200));
    CHECK(spread.interval.low * spread.interval.high == Approx(200.0 * 200));
    CHECK(spread.next.low < spread.interval.low);
    TrainingSpread const alike = spread_of_counts(std::vector<double>{300, 300, 300});
    CHECK(alike.interval.low == Approx(300));
}

TEST_CASE("differences that agree leave what their pairs leave open", "[training_spread]")
{
    TrainingSpread const spread = spread_of_differences(
        std::vector<TrainingPairs>(4, {.first_only = 30, .second_only = 10, .pairs = 100}));
    CHECK(spread.mean == Approx(0.2));
    // Agresti & Min: (30 + 10 + 1 - 20² / 102) / 102².
    double const sd = std::sqrt((41 - 400.0 / 102) / (102.0 * 102));
    CHECK(spread.interval.high == Approx(0.2 + 1.959964 * sd / 2));
    // No pair differs: there is still something open.
    CHECK(spread_of_differences(std::vector<TrainingPairs>(2, {0, 0, 100})).interval.high > 0.005);
}
