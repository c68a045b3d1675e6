#include <catch2/catch.hpp>
#include <fstream>
#include <limits>

#include "base/error.hpp"
#include "chain/import.hpp"
#include "chain/safetensors.hpp"
#include "chain/small_chain.hpp"
#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"

using namespace surf;
using namespace surf::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

/// Checkpoints of the small network, as another program would leave them.
struct Checkpoints
{
    ScratchFolder folder;
    std::vector<chain::Checkpoint> list;
    fs::path out = folder.path / "chain.h5";

    Checkpoints()
    {
        for (std::int64_t t = 0; t < 3; ++t)
        {
            list.push_back({100 * t, folder.path / ("epoch" + std::to_string(t) + ".safetensors")});
            write(t, tensors(t));
        }
    }

    /// Two that the network needs, and one beside them.
    static Parameters tensors(std::int64_t t) { return small_snapshot(t).generator; }
    void write(std::int64_t t, Parameters const& values) const
    {
        chain::write_safetensors(list[static_cast<std::size_t>(t)].path, values);
    }
    chain::Imported import(GeneratorSpec const& generator = small_generator()) const
    {
        return chain::import_chain(generator, "a test", list, out);
    }
    std::string refusal(GeneratorSpec const& generator = small_generator()) const
    {
        std::string const text = error_of<FileError>([&] { import(generator); });
        CHECK_FALSE(fs::exists(out));
        CHECK_THAT(text, !Contains("\n"));
        return text;
    }
};

/// Whatever its code does: a chain file says no more of it than its tensors' names.
GeneratorSpec program_generator()
{
    GeneratorSpec generator = small_generator();
    generator.network =
        Program{{"bn.count", "fc1.weight"}, std::make_shared<std::string const>("code")};
    return generator;
}

}  // namespace

TEST_CASE("a chain of checkpoints holds what the network needs", "[import]")
{
    Checkpoints const checkpoints;
    auto const imported = checkpoints.import();
    CHECK(imported.path == checkpoints.out);
    CHECK_FALSE(imported.was_there);
    CHECK(imported.ignored == std::set<std::string>{"bn.count"});
    CHECK(h5::violations(imported.path).empty());

    chain::Reader const reader(imported.path);
    CHECK(reader.id() == imported.id);
    CHECK(reader.header().origin == "a test");
    CHECK(reader.header().generator.label == "small");
    REQUIRE(reader.snapshots() == 3);
    for (std::int64_t t = 0; t < 3; ++t)
    {
        chain::Snapshot const snapshot = reader.read(t);
        CHECK(snapshot.step == 100 * t);
        REQUIRE(snapshot.generator.size() == 2);
        CHECK(same(snapshot.generator[0], Checkpoints::tensors(t)[0]));
        CHECK(same(snapshot.generator[1], Checkpoints::tensors(t)[1]));
        CHECK(snapshot.samples.size() == 0);
    }
}

TEST_CASE("a program's chain holds the tensors that are named", "[import]")
{
    Checkpoints const checkpoints;
    auto const imported = checkpoints.import(program_generator());
    CHECK(imported.ignored == std::set<std::string>{"fc1.bias"});
    CHECK(h5::violations(imported.path).empty());
    chain::Reader const reader(imported.path);
    CHECK(*reader.header().generator.program()->code == "code");
    REQUIRE(reader.read(2).generator.size() == 2);
    CHECK(same(reader.read(2).generator[0], Checkpoints::tensors(2)[2]));
    CHECK(same(reader.read(2).generator[1], Checkpoints::tensors(2)[0]));

    Parameters changed = Checkpoints::tensors(2);
    changed[0].shape = {3, 2};
    checkpoints.write(2, changed);
    fs::remove(checkpoints.out);
    CHECK_THAT(checkpoints.refusal(program_generator()),
               Contains("epoch2.safetensors: tensor fc1.weight has shape [3, 2], but the network "
                        "needs [2, 3]"));
    GeneratorSpec generator = program_generator();
    generator.network = Program{{"a/b"}, std::make_shared<std::string const>("code")};
    checkpoints.write(0, {{"a/b", {1}, {0}}});
    CHECK_THAT(checkpoints.refusal(generator), Contains("tensor a/b cannot stand in a chain file"));
}

TEST_CASE("the id is that of the content", "[import]")
{
    Checkpoints checkpoints;
    checkpoints.out = checkpoints.folder.path;
    auto const first = checkpoints.import();
    CHECK(first.path == checkpoints.folder.path / (first.id.hex() + ".h5"));

    auto const again = checkpoints.import();
    CHECK(again.was_there);
    CHECK(again.id == first.id);

    GeneratorSpec labelled = small_generator();
    labelled.label = "another";
    CHECK(checkpoints.import(labelled).id == first.id);

    GeneratorSpec other = small_generator();
    other.range.low = -1;
    CHECK(checkpoints.import(other).id != first.id);
    checkpoints.list[2].step = 201;
    CHECK(checkpoints.import().id != first.id);
    checkpoints.list[2].step = 200;
    Parameters changed = Checkpoints::tensors(2);
    changed[1].values[0] += 1e-6F;
    checkpoints.write(2, changed);
    CHECK(checkpoints.import().id != first.id);
}

TEST_CASE("no other file is overwritten", "[import]")
{
    Checkpoints checkpoints;
    auto const imported = checkpoints.import();
    std::string const bytes = bytes_of(imported.path);
    checkpoints.list.pop_back();
    auto const refusal = [&] { return error_of<FileError>([&] { checkpoints.import(); }); };
    CHECK_THAT(refusal(), Contains(checkpoints.out.string() + ": is the chain " +
                                   imported.id.hex() + " (nothing is overwritten"));
    CHECK(bytes_of(imported.path) == bytes);
    std::ofstream(checkpoints.out, std::ios::trunc) << "a thesis";
    CHECK_THAT(refusal(), Contains("is no sound chain"));
    CHECK(bytes_of(checkpoints.out) == "a thesis");
}

TEST_CASE("a checkpoint that was cut short is refused by file and tensor", "[import]")
{
    Checkpoints const checkpoints;
    fs::path const& path = checkpoints.list[1].path;
    fs::resize_file(path, fs::file_size(path) - 1);
    CHECK_THAT(checkpoints.refusal(),
               Contains("epoch1.safetensors: tensor fc1.weight") && Contains("cut short"));
}

TEST_CASE("what is wrong with a checkpoint is refused by file and tensor", "[import]")
{
    Checkpoints const checkpoints;
    Parameters tensors = Checkpoints::tensors(1);
    auto const check_refused = [&](std::string const& expected) {
        checkpoints.write(1, tensors);
        CHECK_THAT(checkpoints.refusal(), Contains("epoch1.safetensors: tensor " + expected));
    };
    SECTION("another shape")
    {
        tensors[0].shape = {3, 2};
        check_refused("fc1.weight has shape [3, 2], but the network needs [2, 3]");
    }
    SECTION("missing")
    {
        tensors.erase(tensors.begin() + 1);
        check_refused("fc1.bias is missing (the network needs it; there are 2 others)");
    }
    SECTION("not a number")
    {
        tensors[1].values[1] = std::numeric_limits<float>::quiet_NaN();
        check_refused("fc1.bias holds nan, not finite");
    }
    SECTION("infinite")
    {
        tensors[0].values[5] = -std::numeric_limits<float>::infinity();
        check_refused("fc1.weight holds -inf, not finite");
    }
}

TEST_CASE("what a network does not need may be anything", "[import]")
{
    Checkpoints const checkpoints;
    Parameters tensors = Checkpoints::tensors(1);
    tensors[2].values[0] = std::numeric_limits<float>::infinity();
    tensors.push_back({"discriminator/fc", {1}, {0}});
    checkpoints.write(1, tensors);
    CHECK(checkpoints.import().ignored == std::set<std::string>{"bn.count", "discriminator/fc"});
}

TEST_CASE("a generator that is not valid is not imported", "[import]")
{
    Checkpoints const checkpoints;
    GeneratorSpec generator = small_generator();
    generator.image = {1, 2, 2};
    CHECK_THAT(error_of<InputError>([&] { checkpoints.import(generator); }),
               Contains("the network's output is 1 x 1 x 2, but the image is 1 x 2 x 2"));
}
