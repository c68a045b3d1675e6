#include <catch2/catch.hpp>
#include <fstream>

#include "base/error.hpp"
#include "bench/options.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using bench::parse_options;

namespace
{

/// The one-line error that these arguments give.
std::string error_of(std::vector<std::string> const& arguments)
{
    try
    {
        parse_options(arguments);
    }
    catch (InputError const& error)
    {
        CHECK(std::string(error.what()).find('\n') == std::string::npos);
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("options are read", "[bench]")
{
    auto const options = parse_options(
        {"--device", "cpu", "--filter=trials/.*/k5", "--min-time", "0.25", "--threads=3",
         "--training-threads=4", "--images=/data", "--chain=/c.h5", "--json=/x/y.json", "--list"});
    CHECK(options.device == model::DeviceChoice::cpu);
    CHECK(std::regex_search("trials/inversion/k5/batch25", options.filter));
    CHECK_FALSE(std::regex_search("trials/inversion/k20/batch25", options.filter));
    CHECK(options.min_time == 0.25);
    CHECK(options.threads == 3);
    CHECK(options.training_threads == 4);
    CHECK(options.images == "/data");
    CHECK(options.chain == "/c.h5");
    CHECK(options.json == "/x/y.json");
    CHECK(options.list);
    CHECK_FALSE(options.force);
}

TEST_CASE("without options everything is chosen", "[bench]")
{
    auto const options = parse_options({});
    CHECK(std::regex_search("anything", options.filter));
    CHECK(options.threads == 1);
    CHECK(options.training_threads == 2);
    CHECK(options.images == data::default_folder);
    CHECK_FALSE(options.chain);
    CHECK_FALSE(options.json);
}

TEST_CASE("bad options are refused by name and value", "[bench]")
{
    CHECK_THAT(error_of({"--device=tpu"}),
               Catch::StartsWith("command line: device = tpu: no such choice; use one of auto"));
    CHECK_THAT(error_of({"--filter=("}), Catch::StartsWith("command line: filter = (: not a reg"));
    for (std::string const value : {"-1", "nan", "1s", ""})
    {
        CHECK_THAT(error_of({"--min-time", value}), Catch::StartsWith("command line: "));
    }
    for (std::string const value : {"0", "-2", "1.5", "many", "99999999999999999999"})
    {
        CHECK_THAT(error_of({"--threads", value}),
                   Catch::StartsWith("command line: threads = " + value + ": must be a number"));
    }
    CHECK_THAT(error_of({"--speed=1"}), Catch::Contains("speed"));
    CHECK_THAT(error_of({"all"}), Catch::Contains("all: not an option"));
    CHECK_THAT(error_of({"--list", "--list"}), Catch::Contains("given twice"));
    CHECK_THAT(error_of({"--threads"}), Catch::Contains("threads"));
}

TEST_CASE("a file of results is overwritten only when told to", "[bench]")
{
    test::ScratchFolder const scratch;
    auto const path = scratch.path / "results.json";
    std::string const json = "--json=" + path.string();
    CHECK(parse_options({json}).json == path);
    std::ofstream(path) << "{}";
    CHECK_THAT(error_of({json}), Catch::Contains("exists already"));
    CHECK(parse_options({json, "--force"}).force);
    CHECK_THAT(error_of({"--json=" + scratch.path.string(), "--force"}),
               Catch::Contains("not the name of a file"));
}
