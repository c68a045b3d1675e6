#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>

#include "hdf5/file.hpp"
#include "integration/sweep.hpp"

using namespace surf;
using namespace surf::test;

namespace
{

std::string provenance(Sweep const& sweep, std::string const& name)
{
    h5::FileReader const results(sweep.results());
    return results.root().group("provenance").attribute<std::string>(name);
}

template <h5::Element T>
bool varies(h5::Dataset const& column)
{
    auto const values = column.read<T>();
    return std::set(values.begin(), values.end()).size() > 1;
}

/// The test means little if all trials did the same.
void require_variety(Sweep const& sweep)
{
    h5::FileReader const results(sweep.results());
    h5::Group const trials = results.root().group("trials");
    for (char const* const name : {"success", "stop_reason_code"})
    {
        INFO(name);
        CHECK(varies<std::int8_t>(trials.dataset(name)));
    }
    for (char const* const name : {"task_code", "method_code", "model_code"})
    {
        INFO(name);
        CHECK(varies<std::int32_t>(trials.dataset(name)));
    }
    CHECK(varies<std::int64_t>(trials.dataset("iterations")));
}

/// 64 by hand: SURF_TEST_MANY_RANKS=64.
int many_ranks()
{
    char const* const value = std::getenv("SURF_TEST_MANY_RANKS");
    return value == nullptr ? 24 : std::atoi(value);
}

}  // namespace

TEST_CASE("any number of ranks gives the same chains and results", "[ranks]")
{
    Sweep const& expected = finished(on_small_images(wide_job));
    require_variety(expected);
    CHECK(provenance(expected, "ranks") == "1");
    for (int const ranks : {1, 2, 5})
    {
        INFO("ranks: " << ranks);
        Sweep const sweep(on_small_images(wide_job));
        Ended const ended = run(on_ranks(ranks, sweep.command("run")));
        INFO(ended.text());
        REQUIRE(ended.code == 0);
        CHECK(provenance(sweep, "ranks") == fmt::format("{}", ranks));
        CHECK(sweep.segments().size() == wide_job_blocks);
        check_same_chains(expected, sweep);
        check_same_results(expected, sweep);
    }
}

TEST_CASE("a second run computes nothing", "[ranks]")
{
    Sweep const sweep(finished(on_small_images(wide_job)));
    auto const chains = stamps(sweep.chains());
    auto const segments = stamps(sweep.segments());
    REQUIRE(chains.size() == 2);
    REQUIRE(segments.size() == wide_job_blocks);
    for (Command const& command : {sweep.command("run"), on_ranks(2, sweep.command("run"))})
    {
        Ended const ended = run(command);
        INFO(ended.text());
        REQUIRE(ended.code == 0);
        CHECK_THAT(ended.errors, Catch::Contains(fmt::format("{0} of {0} blocks are stored already",
                                                             wide_job_blocks)));
        CHECK_THAT(ended.output, Catch::Contains("results: " + sweep.results().string()));
        CHECK(stamps(sweep.chains()) == chains);
        CHECK(stamps(sweep.segments()) == segments);
        CHECK(files_in(sweep.output() / "chains", ".partial").empty());
        check_same_results(finished(on_small_images(wide_job)), sweep);
    }
}

TEST_CASE("many more ranks than cores finish a job", "[ranks]")
{
    Sweep const& expected = finished(on_small_images(wide_job));
    Sweep const sweep(expected);
    auto const chains = stamps(sweep.chains());
    fs::remove_all(sweep.output() / "segments");
    fs::remove(sweep.results());
    Ended const ended = run(on_ranks(many_ranks(), sweep.command("run")));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK(provenance(sweep, "ranks") == fmt::format("{}", many_ranks()));
    CHECK(stamps(sweep.chains()) == chains);
    CHECK(sweep.segments().size() == wide_job_blocks);
    check_same_results(expected, sweep);
}
