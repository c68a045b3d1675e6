#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "app/job/options.hpp"
#include "app/job/plan.hpp"
#include "app/working_folder.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;
namespace fs = std::filesystem;

TEST_CASE("absolute paths lead to the same places, and change nothing else", "[job]")
{
    test::ScratchFolder const folder;
    fs::path const here = fs::canonical(folder.path) / "here";
    fs::create_directories(here);
    test::WorkingFolder const working(here);
    Job const job = parse_job(
        "output = a//b/\nchains = ../shared\ndata = ./images\n[train]\nmodels = vae\n", "x.ini");
    Job const absolute = with_absolute_paths(job);
    CHECK(absolute.output == here / "a/b");
    CHECK(absolute.chains == here.parent_path() / "shared");
    CHECK(absolute.data == here / "images");
    CHECK(with_absolute_paths(absolute).text() == absolute.text());
    DataSpec const data{"checksum", {1, 28, 28}};
    CHECK(make_plan(absolute, data).job == make_plan(job, data).job);

    Job const named = with_absolute_paths(
        parse_job("output = a\nchains = b\n[train]\nmodels = x/../c.h5,vae\n", "x.ini"));
    CHECK(named.experiments[0].train.models[0].chain == here / "c.h5");
    CHECK(named.experiments[0].train.models[1].chain.empty());

    // Chains below the output are not named, so that the folder may be moved.
    std::string const text =
        with_absolute_paths(parse_job("output = a\nchains = ./a/chains/\n", "x.ini")).text();
    CHECK(text.find("output = " + (here / "a").string() + "\n") != std::string::npos);
    CHECK(text.find("chains = ") == std::string::npos);

    // A link is kept, but ".." leads out of where it leads to.
    fs::create_directories(here / "far/away");
    fs::create_directory_symlink(here / "far/away", here / "link");
    Job const linked =
        with_absolute_paths(parse_job("output = link/x\nchains = link/..\n", "x.ini"));
    CHECK(linked.output == here / "link/x");
    CHECK(linked.chains == here / "far");
}

TEST_CASE("a path that no job file could hold stays as it is", "[job]")
{
    test::ScratchFolder const folder;
    fs::create_directories(folder.path / "c#");
    test::WorkingFolder const working(folder.path / "c#");
    Job const job = with_absolute_paths(parse_job("output = x\ndata = /images\n", "x.ini"));
    CHECK(job.output == "x");
    CHECK(job.data == "/images");
}
