#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "hdf5/file.hpp"
#include "hdf5/schema.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using surf::test::ScratchFolder;
using Lines = std::vector<std::string>;

namespace
{

/// A trainer state, whose schema has wildcards, as `change` has it.
template <class Change>
Lines violations_with(Change change, std::string const& filetype = "surf_sweep/trainer_state",
                      std::int64_t major = 1)
{
    ScratchFolder const folder;
    auto const path = folder.path / "state.h5";
    h5::FileWriter file(path, {.name = filetype, .major = major});
    h5::Group& root = file.root();
    root.set_attribute("chain_id", "0123");
    root.set_attribute("step", std::int64_t{40});
    root.set_attribute("next_snapshot", std::int64_t{1});
    root.set_attribute("checksum", std::uint64_t{5});
    root.create_group("configuration").set_attribute("seed", "1");
    h5::Dataset const axis = root.create_dimension("axis0_3", 3);
    h5::Group state = root.create_group("state");
    h5::Dataset array = state.create_dataset("fc1.weight", {h5::Type::float32, {3}});
    array.set_attribute("units", "1");
    array.attach_scale(0, axis);
    change(state, array);
    file.publish();
    return h5::violations(path);
}

void describe(h5::Group const& /*state*/, h5::Dataset& array)
{
    array.set_attribute("long_name", "an array");
}

}  // namespace

TEST_CASE("every schema in the program names its filetype once", "[schema]")
{
    std::set<std::string> filetypes;
    for (std::string_view const text : h5::schema_texts())
    {
        filetypes.insert(nlohmann::json::parse(text).at("filetype").get<std::string>());
    }
    CHECK(filetypes == std::set<std::string>{
                           "surf_sweep/block_state", "surf_sweep/chain", "surf_sweep/pack",
                           "surf_sweep/results", "surf_sweep/segment", "surf_sweep/surface",
                           "surf_sweep/theory", "surf_sweep/trainer_state", "surf_sweep/trial"});
    CHECK(h5::schema_texts().size() == filetypes.size());
}

TEST_CASE("a file of another layout is named as such, not as full of faults", "[schema]")
{
    ScratchFolder const folder;
    auto const path = folder.path / "state.h5";
    h5::FileWriter(path, {.name = "surf_sweep/trainer_state", .major = 99}).publish();
    CHECK_THROWS_WITH(h5::violations(path),
                      Catch::Contains("state.h5 has schema version 99.") &&
                          Catch::Contains("use the surf_sweep that wrote it"));
}

TEST_CASE("a file that conforms has no violations", "[schema]")
{
    CHECK(violations_with(describe).empty());
}

TEST_CASE("every departure from the schema is told", "[schema]")
{
    CHECK(violations_with([](h5::Group&, h5::Dataset&) {}) ==
          Lines{"/state/fc1.weight: attribute long_name is missing"});
    CHECK(violations_with([](h5::Group& state, h5::Dataset& array) {
              describe(state, array);
              array.set_attribute("colour", "blue");
          }) == Lines{"/state/fc1.weight: attribute colour is not in the schema"});
    CHECK(violations_with([](h5::Group&, h5::Dataset& array) {
              array.set_attribute("long_name", 1.0);
          }) == Lines{"/state/fc1.weight: attribute long_name has type float64, not string"});
    CHECK(violations_with([](h5::Group& state, h5::Dataset& array) {
              describe(state, array);
              state.create_group("more");
          }) == Lines{"/state/more: not among the groups of the schema"});
    CHECK(violations_with([](h5::Group& state, h5::Dataset& array) {
              describe(state, array);
              h5::Dataset other = state.create_dataset("other", {h5::Type::float64, {}});
              describe(state, other);
              other.set_attribute("units", "1");
          }) == Lines{"/state/other: type float64, not float32"});
}

TEST_CASE("names that are not UTF-8 are told", "[schema]")
{
    ScratchFolder const folder;
    auto const path = folder.path / "block.h5";
    h5::FileWriter file(path, {.name = "surf_sweep/block_state"});
    h5::Dataset state = file.root().create_dataset("state", {h5::Type::uint8, {3}});
    state.attach_scale(0, file.root().create_dimension("\xff", 3));
    file.publish();
    std::string const line = "/state: dimensions [\"\uFFFD\"], not [\"byte\"]";
    CHECK_THAT(h5::violations(path), Catch::VectorContains(line));
}

TEST_CASE("a file of the wrong shape departs in groups, datasets and dimensions", "[schema]")
{
    Lines const lines = violations_with(describe, "surf_sweep/chain", 3);
    CHECK_THAT(lines, Catch::VectorContains(std::string("/snapshot is missing")));
    CHECK_THAT(lines, Catch::VectorContains(std::string("/index is missing")));
    CHECK_THAT(lines, Catch::VectorContains(
                          std::string("/state/fc1.weight: not among the datasets of the schema")));
    for (char const* const optional : {"/samples is missing", "/generator/program is missing"})
    {
        CHECK_THAT(lines, !Catch::VectorContains(std::string(optional)));
    }
    CHECK(violations_with(describe, "surf_sweep/nonsense") ==
          Lines{"/: no schema for filetype surf_sweep/nonsense"});
}
