#include <catch2/catch.hpp>
#include <memory>

#include "chain/chain_file.hpp"
#include "chain/small_chain.hpp"
#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"

using namespace surf;
using namespace surf::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

/// A chain as it comes from elsewhere: without losses and samples, with the id of its content.
struct Content
{
    GeneratorSpec generator = small_generator();
    std::vector<chain::Snapshot> snapshots;
    std::string origin = "a friend";

    explicit Content(std::int64_t count = 3)
    {
        for (std::int64_t t = 0; t < count; ++t)
        {
            snapshots.push_back(small_snapshot(t));
            snapshots.back().log.clear();
            snapshots.back().samples = {"samples", {0, 0, 0, 0}, {}};
        }
    }

    chain::ChainHeader header() const
    {
        std::vector<std::int64_t> steps;
        std::vector<std::uint64_t> checksums;
        for (chain::Snapshot const& snapshot : snapshots)
        {
            steps.push_back(snapshot.step);
            checksums.push_back(chain::checksum(snapshot));
        }
        return {chain::content_configuration(generator, steps, checksums), std::ssize(snapshots),
                generator, origin};
    }
    ChainId id() const { return header().id(); }

    fs::path write(fs::path const& folder) const
    {
        fs::path const path = chain::chain_path(folder, id());
        chain::ChainFileWriter file(path, header(), {.count = std::ssize(snapshots)});
        for (chain::Snapshot const& snapshot : snapshots)
        {
            file.append(snapshot);
        }
        file.publish();
        return path;
    }
};

/// The content's id after a change.
template <class Change>
ChainId id_with(Change change)
{
    Content content;
    change(content);
    return content.id();
}

/// A TorchScript program, as far as a chain knows: any bytes.
Program some_program()
{
    return {{"fc1.weight", "fc1.bias"},
            std::make_shared<std::string const>(std::string("PK\0\xff\n code", 10))};
}

}  // namespace

TEST_CASE("a chain says what its generator is", "[generator_group]")
{
    ScratchFolder const folder;
    auto header = small_header();
    header.generator.label = "my-model_2";
    header.generator.prior = Prior::normal;
    header.generator.range = {-1, 0.1};
    chain::Reader const reader(write_small_chain(folder.path, header), header);
    GeneratorSpec const& generator = reader.header().generator;
    CHECK(generator.label == "my-model_2");
    CHECK(generator.latent_dim == 3);
    CHECK((generator.prior == Prior::normal));
    CHECK((generator.image == Shape{1, 1, 2}));
    CHECK((generator.range == ValueRange{-1, 0.1}));
    REQUIRE(generator.layers() != nullptr);
    CHECK((*generator.layers() == *header.generator.layers()));
    CHECK(reader.header().origin == "a test");
}

TEST_CASE("a program survives as it is", "[generator_group]")
{
    ScratchFolder const folder;
    Content content;
    content.generator.network = some_program();
    fs::path const path = content.write(folder.path);
    CHECK(h5::violations(path).empty());
    chain::Reader const reader(path, content.header());
    Program const* const program = reader.header().generator.program();
    REQUIRE(program != nullptr);
    CHECK(program->tensors == some_program().tensors);
    CHECK(*program->code == *some_program().code);
    CHECK(same(reader.read(2), content.snapshots[2]));
}

TEST_CASE("arrays that do not fit the network are told by file and name", "[generator_group]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_chain(folder.path);
    auto const refused = [&](std::string const& change, std::string const& why) {
        python("import h5py\nfile = h5py.File(path, 'r+')\n" + change, path);
        CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }),
                   Contains(path.string() + ": /snapshot/" + why) &&
                       Contains("the network in /generator"));
        CHECK_FALSE(chain::find_chain(folder.path, small_header()));
        CHECK(fs::exists(path.string() + ".bad"));
    };
    SECTION("a missing one")
    {
        refused("del file['snapshot/fc1.bias']\n", "fc1.bias is missing");
    }
    SECTION("another shape")
    {
        refused(
            "values = file['snapshot/fc1.weight'][:, :, :2]\n"
            "del file['snapshot/fc1.weight']\n"
            "file['snapshot'].create_dataset('fc1.weight', data=values)\n",
            "fc1.weight has shape [2, 2], but the network in /generator needs [2, 3]");
    }
}

TEST_CASE("a program's tensors must be there", "[generator_group]")
{
    ScratchFolder const folder;
    Content content;
    Program program = some_program();
    program.tensors.push_back("fc2.weight");
    content.generator.network = program;
    fs::path const path = content.write(folder.path);
    CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }),
               Contains(path.string() + ": /snapshot/fc2.weight is missing"));
}

TEST_CASE("a bad description of a generator is told by file and key", "[generator_group]")
{
    ScratchFolder const folder;
    auto const [change, why] = GENERATE(table<std::string, std::string>({
        {"['prior'] = 'cauchy'", "/generator: prior"},
        {"['latent_dim'] = 4", "the network takes 3 numbers, but latent_dim = 4"},
        {"['width'] = 3", "the network's output is 1 x 1 x 2, but the image is 1 x 1 x 3"},
        {"['low'] = 2.0", "range = 2 to 1: must ascend"},
        {"['label'] = 'a b'", "label = a b"},
        {"['kind'] = 'onnx'", "kind = onnx: must be layers or torchscript"},
        {"['network'] = '{'", "/generator: not JSON"},
        {"['network'] = '{\"input\": 3, \"layers\": [{}]}'", "/generator: layer 0: has no kind"},
        {".pop('network')", "network"},
        {".pop('label')", "label"},
    }));
    fs::path const path = write_small_chain(folder.path);
    python("import h5py\nattributes = h5py.File(path, 'r+')['generator'].attrs\nattributes" +
               change + "\n",
           path);
    CHECK_THAT(error_of<FileError>([&] { chain::Reader{path}; }),
               Contains(path.string()) && Contains(why));
}

TEST_CASE("the id of a chain from elsewhere is that of its content", "[generator_group]")
{
    std::vector<ChainId> const ids = {
        Content().id(),
        id_with([](Content& content) { content.snapshots[1].generator[0].values[2] += 1; }),
        id_with([](Content& content) { content.snapshots[1].step += 1; }),
        id_with([](Content& content) { content.snapshots.pop_back(); }),
        id_with([](Content& content) { content.generator.prior = Prior::normal; }),
        id_with([](Content& content) { content.generator.range.low = -1; }),
        id_with([](Content& content) {
            content.generator.image = {2, 1, 1};
        }),
        id_with([](Content& content) {
            std::get<NetworkSpec>(content.generator.network)[0].activation = Activation::tanh;
        }),
        id_with([](Content& content) { content.generator.network = some_program(); }),
        id_with([](Content& content) {
            Program program = some_program();
            program.code = std::make_shared<std::string const>("other");
            content.generator.network = program;
        }),
    };
    for (std::size_t i = 0; i < ids.size(); ++i)
    {
        INFO(i);
        CHECK(std::ranges::count(ids, ids[i]) == 1);
    }
    CHECK(id_with([](Content& content) { content.generator.label = "other"; }) == ids[0]);
    CHECK(id_with([](Content& content) { content.origin = "elsewhere"; }) == ids[0]);
}

TEST_CASE("a chain from elsewhere is read, under whatever label", "[generator_group]")
{
    ScratchFolder const folder;
    Content const content;
    fs::path const path = content.write(folder.path);
    CHECK(h5::violations(path).empty());
    python(
        "import h5py\nfile = h5py.File(path, 'r+')\n"
        "file['generator'].attrs['label'] = 'renamed'\nfile.attrs['origin'] = 'me'\n",
        path);
    chain::Reader const reader(path, content.header());
    CHECK(reader.id() == content.id());
    CHECK(reader.header().generator.label == "renamed");
    CHECK(reader.header().origin == "me");
    for (std::int64_t t = 0; t < 3; ++t)
    {
        CHECK(same(reader.read(t), content.snapshots[static_cast<std::size_t>(t)]));
    }
}

TEST_CASE("content that is not the id's is refused", "[generator_group]")
{
    ScratchFolder const folder;
    fs::path const path = Content().write(folder.path);
    auto const refused = [&](std::string const& change, auto read, std::string const& why) {
        python("import h5py\nfile = h5py.File(path, 'r+')\n" + change, path);
        CHECK_THAT(error_of<FileError>([&] { read(chain::Reader(path)); }),
                   Contains(path.string()) && Contains(why));
    };
    auto const open = [](chain::Reader const&) {};
    SECTION("a step")
    {
        refused("file['step'][1] = 41\n", open, "chain_id is not that of its content");
    }
    SECTION("a checksum")
    {
        refused("file['checksum'][1] = 41\n", open, "chain_id is not that of its content");
    }
    SECTION("the prior")
    {
        refused("file['generator'].attrs['prior'] = 'normal'\n", open,
                "chain_id is not that of its content");
    }
    SECTION("a weight")
    {
        refused(
            "file['snapshot/fc1.weight'][1, 0, 0] = 41\n",
            [](chain::Reader const& reader) { reader.read(1); },
            "snapshot 1 does not have its checksum");
    }
}

TEST_CASE("a chain may be one network, trained elsewhere", "[generator_group]")
{
    ScratchFolder const folder;
    Content const content(1);
    chain::Reader const reader(content.write(folder.path), content.header());
    CHECK(reader.snapshots() == 1);
    CHECK(same(reader.read(0), content.snapshots[0]));
}
