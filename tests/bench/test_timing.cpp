#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/report.hpp"
#include "bench/timing.hpp"

using namespace surf::bench;

TEST_CASE("a spread has median, ends and count, as times and as rates", "[timing]")
{
    Spread const odd = Spread::of({3, 1, 2, 10, 4});
    CHECK(odd.median == 3);
    CHECK(odd.min == 1);
    CHECK(odd.max == 10);
    CHECK(odd.repetitions == 5);
    CHECK(Spread::of({1, 2, 3, 10}).median == 2.5);
    CHECK(odd.times(2).max == 20);
    Spread const rate = odd.under(30);
    CHECK(rate.median == 10);
    CHECK(rate.min == 3);
    CHECK(rate.max == 30);
}

TEST_CASE("a call is timed by wall clock, at least five times", "[timing]")
{
    // A sleep is never shorter than asked for.
    auto const nap = std::chrono::milliseconds(2);
    Spread const seconds =
        time_call([&] { std::this_thread::sleep_for(nap); }, at::kCPU, /*min_time=*/0);
    CHECK(seconds.repetitions == 5);
    CHECK(seconds.min >= 0.002);
    CHECK(repeat([] { return 1.0; }, /*min_time=*/0.01).repetitions > 5);
}

TEST_CASE("a report finds its rows and writes them as JSON", "[timing]")
{
    Report report(Output::silent);
    CHECK_FALSE(report.largest("ceiling/"));
    report.add({"ceiling", "ceiling/a", Spread::of({5}), "GFLOP/s"});
    report.add({"ceiling", "ceiling/b", Spread::of({7}), "GFLOP/s"});
    report.add({"trials", "trials/c", Spread::of({9}), "1/s", 0.5});
    CHECK(report.find("ceiling/a") == 5);
    CHECK_FALSE(report.find("ceiling/"));
    CHECK(report.largest("ceiling/") == 7);

    auto const json = report.to_json({{"host", "here"}});
    CHECK(json.at("context").at("host") == "here");
    REQUIRE(json.at("benchmarks").size() == 3);
    CHECK(json["benchmarks"][0].at("share_of_ceiling").is_null());
    CHECK(json["benchmarks"][2].at("share_of_ceiling") == 0.5);
    CHECK(json["benchmarks"][2].at("name") == "trials/c");
}
