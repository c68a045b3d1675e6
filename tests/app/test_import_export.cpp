#include "model/script_program.hpp"  // before Catch2: LibTorch defines a CHECK of its own
// It stands apart, so that it stays first.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <limits>

#include "app/command.hpp"
#include "app/job/help.hpp"
#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"
#include "chain/safetensors.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

constexpr char const* network_description = R"({
    "input": 3,
    "layers": [
        {"kind": "linear", "name": "fc1", "output": [24], "bias": false,
         "batch_norm": {"name": "bn1"}, "activation": "relu"},
        {"kind": "reshape", "output": [6, 2, 2]},
        {"kind": "conv_transpose", "name": "up", "output": [2, 4, 4], "kernel": 4, "stride": 2,
         "padding": 1, "activation": "sigmoid"}
    ]
})";

NetworkSpec small_network()
{
    return parse_network(network_description, "test");
}

GeneratorSpec small_generator(std::variant<NetworkSpec, Program> network)
{
    return {.label = "small",
            .latent_dim = 3,
            .prior = Prior::normal,
            .image = {2, 4, 4},
            .range = {-1, 1},
            .network = std::move(network)};
}

Parameters parameters_of(std::int64_t t)
{
    return random_parameters(small_network(), static_cast<std::uint64_t>(t));
}

bool same(Parameters const& left, Parameters const& right)
{
    return std::ranges::equal(left, right, [](NamedArray const& a, NamedArray const& b) {
        return a.name == b.name && a.shape == b.shape && a.values == b.values;
    });
}

std::string bytes_of(fs::path const& path)
{
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

ExitCode run(std::vector<std::string> const& arguments)
{
    app::Options const options = app::parse_options(arguments);
    return options.command == app::Command::import_chain ? app::import_command(options)
                                                         : app::export_command(options);
}

/// The exit code and the text of the error, in one line.
std::string refusal(std::vector<std::string> const& arguments)
{
    try
    {
        run(arguments);
    }
    catch (Error const& error)
    {
        std::string const text = error.what();
        CHECK_THAT(text, !Contains("\n"));
        return fmt::format("{}: {}", static_cast<int>(error.code()), text);
    }
    FAIL("nothing was refused");
    return {};
}

/// A folder with a chain of four snapshots, as training leaves it.
struct Trained
{
    ScratchFolder folder;
    GeneratorSpec generator;
    fs::path chain;

    explicit Trained(std::variant<NetworkSpec, Program> network = small_network())
        : generator(small_generator(std::move(network)))
    {
        chain::ChainHeader header{{}, 4, generator, "a test"};
        header.configuration.add("seed", std::int64_t{1});
        chain::PartialChain partial(folder.path, header);
        for (std::int64_t t = 0; t < header.snapshots; ++t)
        {
            partial.write_snapshot({t, 40 * t, parameters_of(t), {{"loss", 0.5}}});
        }
        partial.finish();
        chain = chain::chain_path(folder.path, header.id());
    }

    std::string at(std::string const& name) const { return (folder.path / name).string(); }

    /// Exports all snapshots; returns the files' names.
    std::vector<std::string> export_all(fs::path const& from) const
    {
        std::vector<std::string> files;
        for (std::int64_t t = 0; t < 4; ++t)
        {
            files.push_back(at(fmt::format("{}-{}.safetensors", from.stem().string(), t)));
            CHECK(run({"export", "--chain", from.string(), "--snapshot", std::to_string(t), "--out",
                       files.back()}) == ExitCode::success);
        }
        return files;
    }

    /// Options of import for what export_all() wrote.
    std::vector<std::string> import_arguments(std::string const& network) const
    {
        return {"import",      "--network", network,          "--label", "small",
                "--prior",     "normal",    "--range",        "-1,1",    "--steps",
                "0,40,80,120", "--out",     at("imported.h5")};
    }
};

std::vector<std::string> operator+(std::vector<std::string> left,
                                   std::vector<std::string> const& right)
{
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

void check_round_trip(Trained const& trained, std::vector<std::string> const& arguments)
{
    CHECK(run(arguments) == ExitCode::success);
    chain::Reader const before(trained.chain);
    chain::Reader const after(trained.at("imported.h5"));
    GeneratorSpec const& generator = after.header().generator;
    CHECK(generator.label == "small");
    CHECK(generator.prior == Prior::normal);
    CHECK(generator.range == ValueRange{-1, 1});
    CHECK(generator.image == Shape{2, 4, 4});
    CHECK(generator.latent_dim == 3);
    REQUIRE(after.snapshots() == before.snapshots());
    for (std::int64_t t = 0; t < after.snapshots(); ++t)
    {
        CHECK(after.read(t).step == 40 * t);
        Parameters expected = before.read(t).generator;
        Parameters found = after.read(t).generator;
        std::ranges::sort(expected, {}, &NamedArray::name);
        std::ranges::sort(found, {}, &NamedArray::name);
        CHECK(same(found, expected));
    }
    auto const written = fs::last_write_time(trained.at("imported.h5"));
    CHECK(run(arguments) == ExitCode::success);
    CHECK(fs::last_write_time(trained.at("imported.h5")) == written);
}

}  // namespace

TEST_CASE("a chain of layers that is exported and imported is the same", "[import_export]")
{
    Trained const trained;
    auto const files = trained.export_all(trained.chain);
    fs::path const network = fs::path(files[0]).replace_extension(".json");
    check_round_trip(trained, trained.import_arguments(network.string()) + files);
    chain::Reader const imported(trained.at("imported.h5"));
    CHECK((*imported.header().generator.layers() == small_network()));
    CHECK(same(imported.read(2).generator, parameters_of(2)));
    auto const again = trained.export_all(trained.at("imported.h5"));
    for (std::size_t t = 0; t < again.size(); ++t)
    {
        CHECK(bytes_of(again[t]) == bytes_of(files[t]));
    }
}

TEST_CASE("a chain of a program that is exported and imported is the same", "[import_export]")
{
    Trained const trained(program_of(small_network()));
    auto const files = trained.export_all(trained.chain);
    fs::path const program = fs::path(files[0]).replace_extension(".pt");
    CHECK(bytes_of(program) == *trained.generator.program()->code);
    check_round_trip(trained, trained.import_arguments(program.string()) +
                                  std::vector<std::string>{"--image", "2x4x4", "--latent-dim=3"} +
                                  files);
    chain::Reader const imported(trained.at("imported.h5"));
    CHECK(*imported.header().generator.program()->code == *trained.generator.program()->code);
}

TEST_CASE("the network's own defaults and a folder are enough", "[import_export]")
{
    Trained const trained;
    auto const files = trained.export_all(trained.chain);
    std::string const network = fs::path(files[0]).replace_extension(".json").string();
    fs::create_directory(trained.at("chains"));
    CHECK(run({"import", files[0], files[1], "--network", network, "--label", "a", "--out",
               trained.at("chains")}) == ExitCode::success);
    fs::path const path = fs::directory_iterator(trained.at("chains"))->path();
    chain::Reader const chain(path);
    CHECK(path.filename().string() == chain.id().hex() + ".h5");
    CHECK(chain.read(1).step == 1);
    CHECK(chain.header().generator.prior == Prior::uniform);
    CHECK(chain.header().generator.range == ValueRange{0, 1});
    CHECK_THAT(chain.header().origin, Contains(network) && Contains("2 checkpoints"));
}

TEST_CASE("checkpoints that do not fit the network are refused", "[import_export]")
{
    Trained const trained;
    auto const files = trained.export_all(trained.chain);
    auto const arguments =
        trained.import_arguments(fs::path(files[0]).replace_extension(".json").string()) + files;
    Parameters tensors = parameters_of(1);
    auto const refused = [&](std::string const& problem) {
        CHECK_THAT(refusal(arguments),
                   Catch::StartsWith("4: ") && Contains(files[1]) && Contains(problem));
        CHECK_FALSE(fs::exists(trained.at("imported.h5")));
    };
    SECTION("cut short")
    {
        fs::resize_file(files[1], fs::file_size(files[1]) - 4);
        refused("cut short");
    }
    SECTION("another shape")
    {
        tensors[0].shape = {3, 24};
        chain::write_safetensors(files[1], tensors);
        refused("tensor fc1.weight has shape [3, 24], but the network needs [24, 3]");
    }
    SECTION("a name that is missing")
    {
        tensors.pop_back();
        chain::write_safetensors(files[1], tensors);
        refused("tensor up.bias is missing");
    }
    SECTION("NaN")
    {
        tensors[2].values[3] = std::numeric_limits<float>::quiet_NaN();
        chain::write_safetensors(files[1], tensors);
        refused("tensor bn1.bias holds nan");
    }
}

TEST_CASE("a network whose image is not finite is refused", "[import_export]")
{
    Trained const trained;
    auto const files = trained.export_all(trained.chain);
    Parameters tensors = parameters_of(0);
    for (NamedArray& tensor : tensors)
    {
        std::ranges::fill(tensor.values, 100.0F);
        for (std::size_t i = 0; tensor.name == "up.weight" && i < tensor.values.size(); ++i)
        {
            tensor.values[i] = i < tensor.values.size() / 2 ? 3e38F : -3e38F;  // by input channel
        }
    }
    chain::write_safetensors(files[0], tensors);
    CHECK_THAT(
        refusal(trained.import_arguments(fs::path(files[0]).replace_extension(".json").string()) +
                files),
        Contains(files[0]) && Contains("not finite"));
}

TEST_CASE("programs that are none or do something else are refused", "[import_export]")
{
    Trained const trained(program_of(small_network()));
    auto const files = trained.export_all(trained.chain);
    std::string const program = fs::path(files[0]).replace_extension(".pt").string();
    auto const refused = [&](std::string const& image, std::string const& latent_dim) {
        std::string const text =
            refusal(trained.import_arguments(program) +
                    std::vector<std::string>{"--image", image, "--latent-dim", latent_dim} + files);
        CHECK_THAT(text, Catch::StartsWith("4: " + program) && Contains(files[0]));
        CHECK_FALSE(fs::exists(trained.at("imported.h5")));
        return text;
    };
    CHECK_THAT(refused("2x4x5", "3"), Contains("[1, 2, 4, 4]") && Contains("2 x 4 x 5"));
    refused("2x4x4", "4");
    SECTION("code without these tensors")
    {
        std::ofstream(program, std::ios::binary) << *code_of(
            "def forward(self, x):\n"
            "    return x\n");
        CHECK_THAT(refused("2x4x4", "3"), Contains("no parameter or buffer bn1.bias"));
    }
    SECTION("no code")
    {
        std::ofstream(program, std::ios::binary | std::ios::trunc) << "weights";
        CHECK_THAT(refused("2x4x4", "3"), Contains("cannot be loaded"));
    }
    SECTION("half of a program")
    {
        fs::resize_file(program, fs::file_size(program) / 2);
        CHECK_THAT(refused("2x4x4", "3"), Contains("cannot be loaded"));
    }
}

TEST_CASE("export overwrites nothing", "[import_export]")
{
    Trained const trained;
    std::string const out = trained.at("x.safetensors");
    std::vector<std::string> const arguments = {"export", "--chain", trained.chain.string(),
                                                "--out", out};
    std::ofstream(trained.at("x.json")) << "{}";
    CHECK_THAT(refusal(arguments), Catch::StartsWith("2: ") && Contains("x.json is there already"));
    CHECK_FALSE(fs::exists(out));
    fs::remove(trained.at("x.json"));
    CHECK(run(arguments) == ExitCode::success);
    CHECK_THAT(refusal(arguments), Contains("x.safetensors is there already"));
    fs::remove(out);
    CHECK(run(arguments) == ExitCode::success);  // beside its own network
    Parameters last = parameters_of(3);
    std::ranges::sort(last, {}, &NamedArray::name);
    CHECK(same(chain::read_safetensors(out), last));
    CHECK_THAT(refusal({"export", "--chain", trained.chain.string(), "--out",
                        trained.at("y.safetensors"), "--snapshot=4"}),
               Contains("snapshot = 4: ") && Contains("has snapshots 0 to 3"));
}

TEST_CASE("options of import and export are refused by name", "[import_export]")
{
    ScratchFolder const folder;
    std::vector<std::string> const layers = {"import", "--network", "n.json", "--label",
                                             "a",      "--out",     "x.h5",   "c.h5"};
    std::vector<std::string> const program = {"import", "--network", "n.pt", "--label",
                                              "a",      "--out",     "x.h5", "c.h5"};
    using List = std::vector<std::string>;
    std::vector<std::pair<List, std::string>> const cases = {
        {{"import"}, "import: --network is missing"},
        {{"import", "--network", "n.txt"}, "network = n.txt: must be layers (*.json)"},
        {{"import", "--network", "n.json"}, "import: --label is missing"},
        {{"import", "--network", "n.json", "--label", "a b"}, "label = a b: must be a name"},
        {{"import", "--network", "n.json", "--label", "a"}, "import: --out is missing"},
        {{"import", "--network", "n.json", "--label", "a", "--out", "x"}, "out = x: must be"},
        {{"import", "--network", "n.json", "--label", "a", "--out", "x.h5"}, "no checkpoint"},
        {layers + List{"--prior", "cauchy"}, "prior = cauchy: no such choice"},
        {layers + List{"--range", "1,0"}, "range = 1,0: must be two numbers"},
        {layers + List{"--range", "1"}, "range = 1: must be two numbers"},
        {layers + List{"--steps", "1,2"}, "steps = 1,2: 2 steps for 1 checkpoints"},
        {layers + List{"d.h5", "--steps", "2,1"}, "steps = 2,1: must ascend"},
        {layers + List{"--steps", "-1"}, "steps = -1: must be a whole number of at least 0"},
        {layers + List{"--image", "1x2x2"}, "image = 1x2x2: a network of layers says it itself"},
        {layers + List{"--latent-dim", "2"}, "latent-dim = 2: a network of layers says it itself"},
        {program, "import: --image is missing"},
        {program + List{"--image", "28x28"}, "image = 28x28: must be channels x height x width"},
        {program + List{"--image", "1x28x28x1"}, "image = 28x1: must be a whole number"},
        {program + List{"--image", "1x28x28"}, "import: --latent-dim is missing"},
        {layers + List{"--chain", "x.h5"}, "chain: means nothing to the command import"},
        {layers + List{"--job", "x.ini"}, "job: means nothing to the command import"},
        {layers + List{"--lable", "x"}, "lable: unknown"},
        {{"export"}, "export: --chain is missing"},
        {{"export", "--chain", "x.h5"}, "export: --out is missing"},
        {{"export", "--chain", "x.h5", "--out", "x.pt"}, "out = x.pt: must be"},
        {{"export", "--chain", "x.h5", "--out", "x.safetensors", "--snapshot", "first"},
         "snapshot = first: must be a whole number"},
        {{"export", "--chain", "x.h5", "--out", "x.safetensors", "y"}, "y: unexpected"},
        {{"plan", "--label", "x"}, "label: means nothing to the command plan"},
        {{"validate", "x.h5", "--out", "x"}, "out: means nothing to the command validate"},
    };
    for (auto const& [arguments, expected] : cases)
    {
        INFO(fmt::format("{}", fmt::join(arguments, " ")));
        CHECK_THAT(refusal(arguments), Catch::StartsWith("2: ") && Contains(expected));
    }
    CHECK_THAT(refusal(layers), Catch::StartsWith("3: network = n.json: cannot be read"));
    CHECK_THAT(app::help_text("import"),
               Contains("surf_sweep import") && Contains("--latent-dim COUNT"));
}
