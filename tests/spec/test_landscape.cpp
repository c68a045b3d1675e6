#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.hpp"
#include "spec/surface.hpp"
#include "spec/theory.hpp"

using namespace surf;
using Catch::Contains;

namespace
{

/// The error of a spec with one value changed.
template <class Spec, class Change>
std::string refusal(Change change)
{
    Spec spec;
    change(spec);
    try
    {
        require_valid(spec);
    }
    catch (InputError const& error)
    {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("Levels are spread evenly from the first to the last snapshot", "[landscape]")
{
    using List = std::vector<std::int64_t>;
    CHECK(level_snapshots({.levels = 3}, 101) == List{0, 50, 100});
    CHECK(level_snapshots({.levels = 2}, 2) == List{0, 1});
    CHECK(level_snapshots({.levels = 4}, 11) == List{0, 3, 7, 10});
    CHECK(level_snapshots({.levels = 3}, 6) == List{0, 3, 5});  // round(2.5) = 3
    CHECK(level_snapshots({.levels = 5}, 5) == List{0, 1, 2, 3, 4});
    CHECK_THROWS_WITH(level_snapshots({.levels = 3}, 2),
                      Contains("surface.levels = 3: the chain has 2 snapshots"));
}

TEST_CASE("The grid is symmetric and ends at the extent", "[landscape]")
{
    CHECK(grid_axis({.extent = 4, .points = 5}) == std::vector<double>{-4, -2, 0, 2, 4});
    CHECK(grid_axis({.extent = 0.5, .points = 2}) == std::vector<double>{-0.5, 0.5});
    auto const axis = grid_axis({});
    REQUIRE(axis.size() == 101);
    CHECK(axis.front() == -4);
    CHECK(axis[50] == 0);
    for (std::size_t i = 0; i < axis.size(); ++i)
    {
        CHECK(axis[i] == -axis[100 - i]);
        CHECK(axis[i] == Approx(-4 + 0.08 * static_cast<double>(i)).margin(1e-12));
    }
}

TEST_CASE("Surface settings out of range are refused by name", "[landscape]")
{
    double const infinite = std::numeric_limits<double>::infinity();
    CHECK(refusal<SurfaceSpec>([](SurfaceSpec&) {}) == "accepted");
    CHECK(refusal<SurfaceSpec>([](SurfaceSpec& s) { s.targets = 0; }) == "accepted");
    CHECK_THAT(refusal<SurfaceSpec>([](SurfaceSpec& s) { s.targets = -1; }),
               Contains("surface.targets = -1: must be at least 0"));
    CHECK_THAT(refusal<SurfaceSpec>([](SurfaceSpec& s) { s.levels = 1; }),
               Contains("surface.levels = 1: must be at least 2"));
    CHECK_THAT(refusal<SurfaceSpec>([](SurfaceSpec& s) { s.extent = 0; }),
               Contains("surface.extent = 0"));
    CHECK_THAT(refusal<SurfaceSpec>([=](SurfaceSpec& s) { s.extent = infinite; }),
               Contains("surface.extent = inf"));
    CHECK_THAT(refusal<SurfaceSpec>([](SurfaceSpec& s) { s.points = 1; }),
               Contains("surface.points = 1"));
    CHECK_THAT(refusal<SurfaceSpec>([](SurfaceSpec& s) { s.points = 10'001; }),
               Contains("surface.points = 10001"));
}

TEST_CASE("Theory settings out of range are refused by name", "[landscape]")
{
    using Spec = TheorySpec;
    CHECK(refusal<Spec>([](Spec&) {}) == "accepted");
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.latent_dim = 0; }),
               Contains("theory.latent_dim = 0: must be at least 1"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.hidden_layers = 11; }),
               Contains("theory.hidden_layers = 11"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.expansions = {}; }), Contains("theory.expansions"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.expansions = {1}; }),
               Contains("theory.expansions = 1: must be ascending numbers above 1"));
    CHECK_THAT(refusal<Spec>([](Spec& s) {
                   s.expansions = {4, 2};
               }),
               Contains("theory.expansions = 4,2"));
    CHECK_THAT(refusal<Spec>([](Spec& s) {
                   s.expansions = {2, 2};
               }),
               Contains("theory.expansions = 2,2"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.expansions = {2000}; }), Contains("more than 1 GiB"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.expansions = {1e300}; }), Contains("more than 1 GiB"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.output_factor = 0.5; }),
               Contains("theory.output_factor = 0.5"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.measurements = {-1}; }),
               Contains("theory.measurements = -1"));
    CHECK_THAT(refusal<Spec>([](Spec& s) {
                   s.target_norms = {-1, 2};
               }),
               Contains("theory.target_norms = -1,2"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.radii = {0, 1}; }), Contains("theory.radii = 0,1"));
    CHECK_THAT(refusal<Spec>([](Spec& s) {
                   s.radii = {1, std::nan("")};
               }),
               Contains("theory.radii = 1,nan"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.networks = 0; }), Contains("theory.networks = 0"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.directions = 0; }), Contains("theory.directions = 0"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.climbs = s.directions + 1; }),
               Contains("theory.climbs = 51: must be at least 1 and at most 50"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.directions = 10'000; }),
               Contains("theory.directions = 10000: they would take more than 1 GiB"));
    CHECK_THAT(refusal<Spec>([](Spec& s) {
                   s.measurements = {0, 200'000};
               }),
               Contains("theory.measurements = 0,200000: a matrix would take more than 1 GiB"));
    CHECK_THAT(refusal<Spec>([](Spec& s) { s.climb_steps = 0; }),
               Contains("theory.climb_steps = 0"));
}

TEST_CASE("Every setting is part of the canonical text", "[landscape]")
{
    std::set<std::string> const surfaces = {
        SurfaceSpec{}.canonical().text(),
        SurfaceSpec{.targets = 3}.canonical().text(),
        SurfaceSpec{.levels = 4}.canonical().text(),
        SurfaceSpec{.extent = 3}.canonical().text(),
        SurfaceSpec{.points = 11}.canonical().text(),
    };
    CHECK(surfaces.size() == 5);
    std::set<std::string> const theories = {
        TheorySpec{}.canonical().text(),
        TheorySpec{.latent_dim = 6}.canonical().text(),
        TheorySpec{.hidden_layers = 1}.canonical().text(),
        TheorySpec{.expansions = {2}}.canonical().text(),
        TheorySpec{.output_factor = 1.5}.canonical().text(),
        TheorySpec{.measurements = {0}}.canonical().text(),
        TheorySpec{.target_norms = {0}}.canonical().text(),
        TheorySpec{.radii = {1}}.canonical().text(),
        TheorySpec{.networks = 1}.canonical().text(),
        TheorySpec{.directions = 49}.canonical().text(),
        TheorySpec{.climbs = 1}.canonical().text(),
        TheorySpec{.climb_steps = 1}.canonical().text(),
    };
    CHECK(theories.size() == 12);
}

TEST_CASE("Widths grow by the expansion, rounded up", "[landscape]")
{
    using List = std::vector<std::int64_t>;
    CHECK(layer_widths({}, 4) == List{5, 20, 80, 80});
    CHECK(layer_widths({.output_factor = 1.01}, 1.5) == List{5, 8, 12, 13});
    CHECK(layer_widths({.latent_dim = 1, .hidden_layers = 3}, 1.1) == List{1, 2, 3, 4, 4});
    // 20 / (5 log 20) = 1.3353, 80 / (20 log 80) = 0.9128; the last layer has no condition.
    CHECK(width_condition({5, 20, 80, 80}) == Approx(0.912824).epsilon(1e-5));
    CHECK(width_condition({5, 20, 20}) == Approx(1.335229).epsilon(1e-5));
}
