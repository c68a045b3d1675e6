#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "app/summary_table.hpp"

using namespace surf;
using namespace surf::app;

namespace
{

/// Ten trials: those before `successes` hit after 100 steps; the pixel errors are 0.1, 0.2, …
/// times `error`.
reduce::CellResult cell(Task task, Method method, std::int64_t successes, double error)
{
    reduce::CellResult result;
    result.experiment = "main";
    result.planned = 10;
    result.spec.method = method;
    result.spec.generator.label = "wgan-gp";
    result.spec.generator.latent_dim = 20;
    result.spec.generator.image = {1, 28, 28};
    result.spec.problem = {.seed = 1, .task = task};
    if (measures(task))
    {
        result.spec.problem.measured_by = Operator::gaussian;
        result.spec.problem.measurements = 400;
    }
    for (std::int64_t i = 0; i < 10; ++i)
    {
        TrialOutcome outcome;
        outcome.trial = i;
        outcome.iterations = 500;
        outcome.network_evaluations = 1002;
        outcome.success = i < successes;
        outcome.first_hit = outcome.success ? 100 : TrialOutcome::never;
        outcome.pixel_error = error * static_cast<double>(i + 1) / 10;
        result.outcomes.push_back(outcome);
    }
    return result;
}

std::string table_of(std::vector<reduce::CellResult> cells)
{
    return summary_table(reduce::summarise(std::move(cells)));
}

std::vector<std::string> lines_of(std::string const& text)
{
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);)
    {
        if (!line.empty())
        {
            lines.push_back(line);
        }
    }
    return lines;
}

}  // namespace

TEST_CASE("a table of successes compares each method with adam", "[summary_table]")
{
    auto const lines = lines_of(table_of({cell(Task::inversion, Method::adam, 2, 0.5),
                                          cell(Task::inversion, Method::surfing, 9, 0.4),
                                          cell(Task::inversion, Method::restarts, 1, 0.5)}));
    // Wilson's intervals and 2 * 2^-7, by hand and from binomtest.
    CHECK(lines == std::vector<std::string>{
                       "model wgan-gp, k 20, task inversion, operator m identity, trials 10",
                       "method    success % (CI)    first hit p75 (CI)  steps mean  "
                       "evaluations mean  vs adam",
                       "adam      20.0 (5.7-51.0)   100 (100-100)              500              "
                       "1002  -",
                       "surfing   90.0 (59.6-98.2)  100 (100-100)              500              "
                       "1002  +7/-0 p=0.016",
                       "restarts  10.0 (1.8-40.4)   100 (100-100)              500              "
                       "1002  +0/-1 p=1"});
}

TEST_CASE("a table of approximations shows and compares pixel errors", "[summary_table]")
{
    auto const lines = lines_of(table_of({cell(Task::approximation, Method::adam, 0, 0.48),
                                          cell(Task::approximation, Method::surfing, 0, 0.4)}));
    CHECK(lines ==
          std::vector<std::string>{
              "model wgan-gp, k 20, task approximation, operator m gaussian 400, trials 10",
              "method   median error (IQR)   steps mean  evaluations mean  vs adam",
              "adam     0.264 (0.156-0.372)         500              1002  -",
              "surfing  0.220 (0.130-0.310)         500              1002  +10/-0 p=0.002"});
}

TEST_CASE("a table fits the screen, and leaves out cells without trials", "[summary_table]")
{
    std::vector<reduce::CellResult> cells = {cell(Task::inversion, Method::adam, 0, 0.5),
                                             cell(Task::approximation, Method::adam, 0, 0.5),
                                             cell(Task::inversion, Method::surfing, 0, 0.5)};
    cells[0].outcomes.resize(3);
    cells[1].experiment = "figure4";
    cells[2].outcomes.clear();
    auto const lines = lines_of(table_of(cells));
    REQUIRE(lines.size() == 5);
    CHECK(lines[0] == "model wgan-gp, k 20, method adam");
    CHECK_THAT(lines[1],
               Catch::StartsWith("experiment  task ") && Catch::Contains("  success % | error  "));
    CHECK_THAT(lines[2], Catch::StartsWith("main        inversion") &&
                             Catch::Contains("  3/10  0.0 (0.0-56.1)  "));
    CHECK_THAT(lines[3], Catch::StartsWith("figure4     approximation"));
    CHECK(lines[4] == "1 of 3 cells have no trials yet");

    constexpr std::size_t screen = 80;
    auto const narrow = lines_of(summary_table(reduce::summarise(cells), screen));
    CHECK(std::ranges::all_of(narrow, [](auto const& line) { return line.size() <= screen; }));
    REQUIRE(narrow.size() == 8);  // two tables of three lines
    CHECK_THAT(narrow[4], Catch::StartsWith("experiment  task "));
    std::string const whole = fmt::format("{}", fmt::join(narrow, "\n"));
    for (char const* const column : {"success % | error", "steps mean", "evaluations mean"})
    {
        CHECK_THAT(whole, Catch::Contains(column));
    }
}

TEST_CASE("trainings are told apart, and what they say together follows", "[summary_table]")
{
    std::vector<reduce::CellResult> cells = {cell(Task::inversion, Method::adam, 2, 0.5),
                                             cell(Task::inversion, Method::surfing, 8, 0.4),
                                             cell(Task::inversion, Method::adam, 4, 0.5),
                                             cell(Task::inversion, Method::surfing, 9, 0.4)};
    cells[0].training = cells[1].training = 5;
    cells[2].training = cells[3].training = 11;
    cells[2].spec.chain = cells[3].spec.chain = ChainId::from_hex("ff");
    auto const lines = lines_of(table_of(cells));
    REQUIRE(lines.size() == 11);  // without the empty line between the tables
    CHECK(lines[0] == "model wgan-gp, k 20, task inversion, operator m identity, trials 10");
    CHECK_THAT(lines[1], Catch::StartsWith("training  method   success"));
    CHECK_THAT(lines[4], Catch::StartsWith("      11  adam "));
    CHECK(lines[6].starts_with("Over trainings"));
    CHECK(lines[7] == "model wgan-gp, k 20, trainings 2, task inversion, operator m identity");
    CHECK_THAT(lines[9], Catch::StartsWith("adam     30.0 ("));
    // 6 + 5 trials that surfing alone solves: 2 * 2^-11, as if of one training.
    CHECK_THAT(lines[10],
               Catch::StartsWith("surfing  85.0 (") && Catch::Contains("+11/-0 p=0.00098"));
    CHECK(std::ranges::all_of(lines, [](std::string const& line) { return line.size() <= 150; }));
}
