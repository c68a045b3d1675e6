#include <catch2/catch.hpp>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "landscape/theory.hpp"

using namespace surf;
using namespace surf::landscape;
using Catch::Contains;

namespace
{

constexpr double infinity = std::numeric_limits<double>::infinity();

TheorySpec small_spec()
{
    return {.latent_dim = 3,
            .hidden_layers = 2,
            .expansions = {2, 6},
            .measurements = {0, 20},
            .target_norms = {0, 2},
            .radii = {0.05, 0.2, 0.8, 3},
            .networks = 3,
            .directions = 10,
            .climbs = 4,
            .climb_steps = 3};
}

Theory sample(TheorySpec const& spec, std::uint64_t seed = 1)
{
    return sample_theory(spec, seed, at::kCPU, [](std::int64_t, std::int64_t) {}, {});
}

bool same(RadiusSample const& left, RadiusSample const& right)
{
    return left.points == right.points && left.negative == right.negative &&
           left.worst_derivative == right.worst_derivative &&
           left.mean_derivative == right.mean_derivative;
}

bool same(std::vector<RadiusSample> const& left, std::vector<RadiusSample> const& right)
{
    return std::ranges::equal(left, right, [](auto const& a, auto const& b) { return same(a, b); });
}

std::vector<RadiusSample> part(Theory const& theory, std::ptrdiff_t first, std::ptrdiff_t count)
{
    auto const begin = theory.samples.begin() + first;
    return {begin, begin + count};
}

}  // namespace

TEST_CASE("Samples have the counts that were asked for", "[landscape]")
{
    auto const spec = small_spec();
    auto const theory = sample(spec);
    using Widths = std::vector<std::int64_t>;
    CHECK(theory.widths == std::vector<Widths>{{3, 6, 12, 12}, {3, 18, 108, 108}});
    REQUIRE(theory.samples.size() == 2 * 2 * 2 * 2 * 4);
    REQUIRE(theory.ball_radius.size() == 2 * 2 * 2 * 2 * 3);
    for (std::size_t i = 0; i < theory.samples.size(); ++i)
    {
        RadiusSample const& found = theory.samples[i];
        bool const climbed = i / 4 % 2 == 1;
        CHECK(found.points == (climbed ? 12 : 30));
        CHECK(found.negative >= 0);
        CHECK(found.negative <= found.points);
        CHECK((found.negative == found.points) == (found.worst_derivative < 0));
        CHECK(found.mean_derivative <= found.worst_derivative);
        CHECK(std::isfinite(found.worst_derivative));
    }
}

TEST_CASE("The ball of one network ends where its samples turn negative for good", "[landscape]")
{
    auto spec = small_spec();
    spec.networks = 1;
    spec.radii = {0.01, 0.03, 0.1, 0.3, 1, 3, 10};
    std::size_t inner = 0;
    for (std::uint64_t const seed : {1U, 2U, 3U})
    {
        auto const theory = sample(spec, seed);
        for (std::size_t row = 0; row < theory.ball_radius.size(); ++row)
        {
            double expected = infinity;
            for (std::size_t i = 7; i-- > 0;)
            {
                RadiusSample const& found = theory.samples[row * 7 + i];
                if (found.negative < found.points)
                {
                    break;
                }
                expected = spec.radii[i];
            }
            CHECK(theory.ball_radius[row] == expected);
            inner += expected > 0.01 && expected < infinity ? 1 : 0;
        }
    }
    CHECK(inner > 10);  // or the check above would say little
}

TEST_CASE("Climbing finds no smaller derivatives than it started from", "[landscape]")
{
    auto spec = small_spec();
    spec.climbs = spec.directions;
    auto const theory = sample(spec);
    bool larger = false;
    for (std::size_t row = 0; row < theory.samples.size() / 4; row += 2)
    {
        for (std::size_t i = 0; i < 4; ++i)
        {
            RadiusSample const& uniform = theory.samples[row * 4 + i];
            RadiusSample const& climbed = theory.samples[(row + 1) * 4 + i];
            CHECK(climbed.worst_derivative >= uniform.worst_derivative);
            CHECK(climbed.mean_derivative > uniform.mean_derivative);
            CHECK(climbed.negative <= uniform.negative);
            larger = larger || climbed.worst_derivative > uniform.worst_derivative + 0.01;
        }
    }
    CHECK(larger);
}

TEST_CASE("With width, derivatives tend to -1 and the ball shrinks", "[landscape]")
{
    TheorySpec const spec{.latent_dim = 3,
                          .hidden_layers = 2,
                          .expansions = {2, 12},
                          .measurements = {0, 100},
                          .target_norms = {1},
                          .radii = {0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10},
                          .networks = 8,
                          .directions = 15,
                          .climbs = 3,
                          .climb_steps = 3};
    auto const theory = sample(spec);
    auto const mean_ball = [&](std::size_t row) {
        auto const begin = theory.ball_radius.begin() + static_cast<std::ptrdiff_t>(row * 8);
        return std::accumulate(begin, begin + 8, 0.0) / 8;
    };
    for (std::size_t const row : {0U, 1U, 2U, 3U})  // measurements × searches
    {
        INFO("row " << row);
        std::size_t const wide = row + 4;
        CHECK(mean_ball(wide) < 0.5 * mean_ball(row));
        CHECK(theory.samples[wide * 9 + 3].negative > theory.samples[row * 9 + 3].negative);
        CHECK(theory.samples[wide * 9 + 8].negative == theory.samples[wide * 9 + 8].points);
    }
    // A = I at the largest radius: relative deviations of √(5/36), √(5/432) and √(2/432) at the
    // three layers, as in "The mean derivative of wide networks", 8 networks, 4 standard errors.
    CHECK(theory.samples[4 * 9 + 8].mean_derivative == Approx(-1).margin(0.56));
}

TEST_CASE("Theory is reproducible, and what is added changes nothing else", "[landscape]")
{
    auto const spec = small_spec();
    auto const theory = sample(spec);
    auto const again = sample(spec);
    CHECK(same(theory.samples, again.samples));
    CHECK(theory.ball_radius == again.ball_radius);
    CHECK_FALSE(same(theory.samples, sample(spec, 2).samples));

    auto more = spec;
    more.expansions = {6, 7};
    CHECK(same(part(theory, 32, 32), part(sample(more), 0, 32)));
    more = spec;
    more.radii = {0.2, 3};
    // Batches of other sizes may be rounded otherwise.
    auto const fewer = sample(more);
    CHECK(fewer.samples[0].negative == theory.samples[1].negative);
    CHECK(fewer.samples[0].worst_derivative == Approx(theory.samples[1].worst_derivative));
    CHECK(fewer.samples[1].mean_derivative == Approx(theory.samples[3].mean_derivative));
    more = spec;
    more.measurements = {20};
    CHECK(same(part(sample(more), 0, 16), part(theory, 16, 16)));
    more = spec;
    more.networks = 4;
    auto const fourth = sample(more);
    for (std::size_t row = 0; row < 16; ++row)
    {
        for (std::size_t network = 0; network < 3; ++network)
        {
            CHECK(fourth.ball_radius[row * 4 + network] == theory.ball_radius[row * 3 + network]);
        }
    }
}

TEST_CASE("Sampling reports progress, stops when asked and refuses bad settings", "[landscape]")
{
    auto const spec = small_spec();
    std::stop_source stop;
    std::vector<std::int64_t> done;
    auto const run = [&] {
        sample_theory(
            spec, 1, at::kCPU,
            [&](std::int64_t part, std::int64_t parts) {
                CHECK(parts == 6);
                done.push_back(part);
                if (part == 4)
                {
                    stop.request_stop();
                }
            },
            stop.get_token());
    };
    CHECK_THROWS_AS(run(), Interrupted);
    CHECK(done == std::vector<std::int64_t>{1, 2, 3, 4});
    auto bad = spec;
    bad.radii = {};
    CHECK_THROWS_AS(sample(bad), InputError);
}
